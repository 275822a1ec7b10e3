// A curve that grows: points come as binary messages (frames.py) and are appended; nothing is sent twice.
// The frame's step is the index of its first point, so a run that was rewound takes its later points back.
// Its numbers are points, each an x followed by the value of every line.
import { echarts } from "nicegui-echart";

const short = (value) => value >= 1e6 ? value.toExponential(0).replace("+", "") : +value.toPrecision(4);
const HEADER = 24, EVENT = "lab";

export default {
  template: `
    <div class="curve">
      <div ref="chart" class="drawing" role="img" :aria-label="label" :aria-describedby="$attrs.id + '-told'"></div>
      <p :id="$attrs.id + '-told'" class="told" aria-live="polite">{{ told }}</p>
    </div>`,
  props: { label: String, told: String, lines: Array, x: String, y: String, scale: String, element: Number,
           decimal: String },
  async mounted() {
    await this.$nextTick();
    this.points = this.lines.map(() => []);
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.restyle);
    this.chart = echarts.init(this.$refs.chart, null, { renderer: "canvas" });
    this.resized = new ResizeObserver(() => this.chart.resize());
    this.resized.observe(this.$refs.chart);
    this.restyle();
    window.socket.on(EVENT, this.receive);
  },
  beforeUnmount() {
    window.socket.off(EVENT, this.receive);
    this.dark.removeEventListener("change", this.restyle);
    this.resized.disconnect();
    cancelAnimationFrame(this.asked);
    this.chart.dispose();
  },
  methods: {
    receive(data, acknowledge) {
      const view = new DataView(data);
      if (view.getUint32(0, true) !== this.element) return;
      const start = view.getUint32(4, true), count = view.getUint16(18, true), row = this.lines.length + 1;
      const numbers = new Float32Array(data, HEADER, count);
      for (const line of this.points) line.length = Math.min(line.length, start);
      for (let i = 0; i < count; i += row) {
        this.points.forEach((line, k) => {
          const value = numbers[i + 1 + k];
          line.push([numbers[i], Number.isFinite(value) ? value : null]);
        });
      }
      cancelAnimationFrame(this.asked);
      this.asked = requestAnimationFrame(() => {
        this.chart.setOption({ series: this.points.map((data) => ({ data })) }, { lazyUpdate: false });
        this.$refs.chart.dataset.points = this.points[0].length;
        acknowledge();
      });
    },
    restyle() {
      const of = (name) => getComputedStyle(this.$el).getPropertyValue(name).trim();
      const soft = of("--soft"), grid = of("--line"), tones = ["--accent", "--second", "--third", "--fourth"].map(of);
      const written = (value) => String(value).replace(".", this.decimal);
      const axis = (name, type) => ({
        name, type, nameLocation: "middle", nameGap: type === "log" || name === this.y ? 42 : 26,
        nameTextStyle: { color: soft }, scale: true, minorTick: { show: false },
        axisLabel: { color: soft, formatter: (value) => written(short(value)), hideOverlap: true },
        axisLine: { lineStyle: { color: grid } }, splitLine: { lineStyle: { color: grid, opacity: 0.6 } },
      });
      this.chart.setOption({
        animation: false, textStyle: { fontFamily: of("--sans") }, color: tones,
        grid: { left: 58, right: 14, top: this.lines.length > 1 ? 34 : 14, bottom: 40 },
        legend: { show: this.lines.length > 1, top: 0, right: 0, textStyle: { color: of("--ink") }, itemHeight: 8 },
        tooltip: { trigger: "axis", backgroundColor: of("--card"), borderColor: grid, textStyle: { color: of("--ink") },
                   valueFormatter: (value) => value == null ? "–" : written(+value.toPrecision(4)) },
        xAxis: axis(this.x, "value"), yAxis: axis(this.y, this.scale),
        series: this.lines.map((name, k) => ({
          name, type: "line", showSymbol: false, sampling: "lttb", data: this.points[k],
          lineStyle: { width: 2, type: ["solid", "dashed", "dotted", [8, 3, 2, 3]][k % 4] },
        })),
      });
    },
  },
};
