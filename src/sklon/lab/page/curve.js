// A curve that grows: points come as binary messages (frames.py) and are appended; nothing is sent twice.
// The frame's step is the index of its first point, so a run that was rewound takes its later points back.
// Its numbers are points, each an x followed by the value of every line; its epoch is the number of their run.
// Two runs are told apart without colours: the first one is solid, the second dashed, and of each the last line is the
// strong one. Frames that come together are drawn together, and each of them is acknowledged.
import { echarts } from "nicegui-echart";

const short = (value) => value >= 1e6 ? value.toExponential(0).replace("+", "") : +value.toPrecision(4);
// 1, 2 or 5 times a power of ten, next to a value: below it or above it; nothing for what has no logarithm
const near = (value, above) => {
  if (!(value > 0 && value < Infinity)) return undefined;
  const power = 10 ** Math.floor(Math.log10(value)), steps = [1, 2, 5, 10].map((step) => step * power);
  return +(above ? steps.find((one) => one >= value) : steps.findLast((one) => one <= value)).toPrecision(3);
};
const HEADER = 24, EVENT = "lab";

export default {
  template: `
    <div class="curve">
      <div ref="chart" class="drawing" role="img" :aria-label="label" :aria-describedby="$attrs.id + '-told'"></div>
      <p :id="$attrs.id + '-told'" class="told" aria-live="polite">{{ told }}</p>
    </div>`,
  emits: ["ready"],
  props: { label: String, told: String, lines: Array, x: String, y: String, scale: String, element: Number,
           decimal: String, runs: Number },
  async mounted() {
    await this.$nextTick();
    this.points = this.lines.map(() => []);
    this.drawn = [];
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.restyle);
    this.chart = echarts.init(this.$refs.chart, null, { renderer: "canvas" });
    this.resized = new ResizeObserver(() => { if (this.$refs.chart.clientWidth) this.chart.resize(); });
    this.resized.observe(this.$refs.chart);
    this.restyle();
    window.socket.on(EVENT, this.receive);
    this.$emit("ready");
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
      const start = view.getUint32(4, true), run = view.getFloat32(8, true), count = view.getUint16(18, true);
      const width = this.lines.length / this.runs, lines = this.points.slice(run * width, (run + 1) * width);
      const numbers = new Float32Array(data, HEADER, count);
      for (const line of lines) line.length = Math.min(line.length, start);
      for (let i = 0; i < count; i += width + 1) {
        lines.forEach((line, k) => {
          const value = numbers[i + 1 + k];
          line.push([numbers[i], Number.isFinite(value) ? value : null]);
        });
      }
      this.drawn.push(acknowledge);
      cancelAnimationFrame(this.asked);
      this.asked = requestAnimationFrame(() => {
        this.chart.setOption({ series: this.points.map((data) => ({ data })) }, { lazyUpdate: false });
        this.$refs.chart.dataset.points = this.points[0].length;
        if (this.runs > 1) this.$refs.chart.dataset.second = this.points[width].length;
        for (const tell of this.drawn.splice(0)) tell();
      });
    },
    // How line k is drawn
    style(k, tones) {
      if (this.runs === 1) return { width: 2, type: ["solid", "dashed", "dotted", [8, 3, 2, 3]][k % 4] };
      const width = this.lines.length / this.runs, run = Math.floor(k / width), strong = k % width === width - 1;
      return { width: strong ? 2.4 : 1.2, opacity: strong ? 1 : 0.65, type: ["solid", [7, 4]][run], color: tones[run] };
    },
    update_chart() {}, // what is drawn comes as frames alone
    restyle() {
      const of = (name) => getComputedStyle(this.$el).getPropertyValue(name).trim();
      const soft = of("--soft"), grid = of("--line"), tones = ["--accent", "--second", "--third", "--fourth"].map(of);
      const written = (value) => String(value).replace(".", this.decimal);
      const axis = (name, type) => ({
        ...(type === "log" ? { min: ({ min }) => near(min, false), max: ({ max }) => near(max, true) } : {}),
        name, type, nameLocation: "middle", nameGap: type === "log" || name === this.y ? 42 : 26,
        nameTextStyle: { color: soft }, scale: true, minorTick: { show: false },
        axisLabel: { color: soft, formatter: (value) => written(short(value)), hideOverlap: true },
        axisLine: { lineStyle: { color: grid } }, splitLine: { lineStyle: { color: grid, opacity: 0.6 } },
      });
      this.chart.setOption({
        animation: false, textStyle: { fontFamily: of("--sans") }, color: tones,
        grid: { left: 58, right: 14, top: this.runs > 1 ? 56 : this.lines.length > 1 ? 34 : 14, bottom: 40 },
        legend: { show: this.lines.length > 1, top: 0, right: 0, textStyle: { color: of("--ink") }, itemHeight: 8,
                  itemWidth: this.runs > 1 ? 34 : 25, ...(this.runs > 1 ? { left: 58, itemGap: 14 } : {}) },
        tooltip: { trigger: "axis", backgroundColor: of("--card"), borderColor: grid, textStyle: { color: of("--ink") },
                   valueFormatter: (value) => value == null ? "–" : written(+value.toPrecision(4)) },
        xAxis: axis(this.x, "value"), yAxis: axis(this.y, this.scale),
        series: this.lines.map((name, k) => ({
          name, type: "line", showSymbol: false, sampling: "lttb", data: this.points[k],
          lineStyle: this.style(k, tones), itemStyle: this.runs > 1 ? { color: this.style(k, tones).color } : {},
        })),
      });
    },
  },
};
