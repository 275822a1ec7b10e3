// Planes of bytes as colours: the picture of what a network says over the plane, or lines over one input.
// Frames come as binary messages (their bytes: frames.py). The newest one is drawn once per animation frame and then
// acknowledged; one that was overtaken is acknowledged without being drawn. Colours are the page's own.
// For those who asked for less motion, two are drawn a second.
const HEADER = 24, STRENGTH = 0.72, EVENT = "lab", MARK = 3.2, GAP = 4, CALM = 500;

export default {
  template: `
    <div class="boundary">
      <canvas ref="canvas" role="img" :aria-label="label" :aria-describedby="$attrs.id + '-told'"></canvas>
      <p :id="$attrs.id + '-told'" class="told" aria-live="polite">{{ told }}</p>
    </div>`,
  emits: ["ready"],
  props: { label: String, told: String, points: Array, element: Number, task: String },
  data: () => ({ frame: null, acknowledge: null, asked: false, gone: false, drawn: -CALM }),
  async mounted() {
    await this.$nextTick(); // the socket opens when the whole page is mounted
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.recolour);
    this.resized = new ResizeObserver(() => this.ask());
    this.resized.observe(this.$refs.canvas);
    this.recolour();
    window.socket.on(EVENT, this.receive);
    this.$emit("ready");
  },
  beforeUnmount() {
    window.socket.off(EVENT, this.receive);
    this.dark.removeEventListener("change", this.recolour);
    this.resized.disconnect();
    this.gone = true;
  },
  watch: { points() { this.ask(); }, task() { this.ask(); } },
  methods: {
    receive(data, acknowledge) {
      const view = new DataView(data);
      if (view.getUint32(0, true) !== this.element) return;
      this.acknowledge?.();
      this.acknowledge = acknowledge;
      const [count, height, width, numbers] = [12, 14, 16, 18].map((at) => view.getUint16(at, true));
      this.frame = Object.freeze({
        step: view.getUint32(4, true), settings: view.getUint32(20, true), count, height, width, numbers: new Float32Array(data, HEADER, numbers),
        planes: new Uint8Array(data, HEADER + 4 * numbers, count * height * width),
      });
      this.ask();
    },
    ask() {
      if (this.asked) return;
      this.asked = true;
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM : 0;
      const left = this.drawn + calm - performance.now();
      const next = () => requestAnimationFrame(() => { this.asked = false; this.draw(); });
      if (left > 0) setTimeout(next, left);
      else next();
    },
    recolour() {
      const of = (name) => getComputedStyle(this.$el).getPropertyValue(name).trim();
      this.tones = { zero: of("--zero"), one: of("--one"), middle: of("--middle"), ink: of("--ink"), card: of("--card") };
      this.classes = ["--zero", "--one", "--third", "--fourth", "--fifth"].map(of);
      this.colours = ramp(this.tones);
      this.ask();
    },
    draw() {
      if (this.gone || !this.frame || !this.colours) return;
      const { step, settings, count, height, width, planes, numbers } = this.frame, canvas = this.$refs.canvas;
      const size = Math.round(canvas.clientWidth * window.devicePixelRatio) || 4 * width;
      resize(canvas, size, size);
      const pen = canvas.getContext("2d");
      if (count > 0) {
        pen.drawImage(count > 1 ? this.mixed(planes, count, width, height) : this.shaded(planes, width, height), 0, 0, size, size);
        if (this.task !== "regression") borders(pen, planes, count, width, height, size, this.tones);
      } else {
        pen.fillStyle = this.tones.middle;
        pen.fillRect(0, 0, size, size);
      }
      marks(pen, this.points ?? [], size, (kind) => this.tone(kind), (kind) => this.task === "regression" ? 0 : kind % 3, this.tones.card);
      if (count === 0) lines(pen, numbers, size, this.classes, this.tones);
      canvas.dataset.step = step;
      canvas.dataset.settings = settings;
      canvas.dispatchEvent(new Event("drawn", { bubbles: true }));
      this.drawn = performance.now();
      this.acknowledge?.();
      this.acknowledge = null;
    },
    shaded(plane, width, height) {
      return this.painted(width, height, (i) => this.colours[plane[i]]);
    },
    // Several planes, one for each class: its tone as strongly as it is likely
    mixed(planes, count, width, height) {
      const tones = this.classes.map(rgb), middle = rgb(this.tones.middle), area = width * height;
      return this.painted(width, height, (i) => {
        const mix = [0, 0, 0];
        for (let k = 0; k < count; k++) {
          const share = STRENGTH * planes[k * area + i] / 255, tone = tones[k % tones.length];
          for (let c = 0; c < 3; c++) mix[c] += share * (tone[c] - middle[c]);
        }
        const [r, g, b] = mix.map((m, c) => Math.max(0, Math.min(255, Math.round(middle[c] + m))));
        return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
      });
    },
    painted(width, height, colour) {
      this.paper ??= document.createElement("canvas");
      resize(this.paper, width, height);
      const pen = this.paper.getContext("2d"), image = pen.createImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < pixels.length; i++) pixels[i] = colour(i);
      pen.putImageData(image, 0, 0);
      return this.paper;
    },
    // The tone of a class, or of a value from 0 to 1
    tone(kind) {
      if (this.task !== "regression") return this.classes[kind % this.classes.length];
      const colour = this.colours[Math.round(255 * Math.max(0, Math.min(1, kind)))];
      return `rgb(${colour & 255} ${colour >> 8 & 255} ${colour >> 16 & 255})`;
    },
  },
};

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

// 256 pixels from the one tone over the middle to the other; not to the full tone, which is that of the samples
function ramp({ zero, one, middle }) {
  const [low, mid, high] = [zero, middle, one].map(rgb);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const t = STRENGTH * Math.abs(i - 127.5) / 127.5, end = i < 127.5 ? low : high;
    const [r, g, b] = mid.map((m, k) => Math.round(m + (end[k] - m) * t));
    return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  });
}

function rgb(colour) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

// Where the network cannot decide: byte 127½ of one plane; of several, where the likeliest class is another one
function borders(pen, planes, count, width, height, size, tones) {
  const area = width * height;
  if (count === 1) return border(pen, (i) => planes[i] - 127.5, width, height, size, tones);
  for (let k = 0; k < count; k++) {
    border(pen, (i) => {
      let most = 0;
      for (let j = 0; j < count; j++) if (j !== k) most = Math.max(most, planes[j * area + i]);
      return planes[k * area + i] - most + 0.5;
    }, width, height, size, tones);
  }
}

// The line at which heights change their sign: where it crosses each square between four centres
function border(pen, heightAt, width, height, size, { ink }) {
  const at = (x, y) => heightAt(y * width + x);
  pen.beginPath();
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const a = at(x, y), b = at(x + 1, y), c = at(x + 1, y + 1), d = at(x, y + 1);
      const cut = [];
      if (a * b < 0) cut.push([x + a / (a - b), y]);
      if (b * c < 0) cut.push([x + 1, y + b / (b - c)]);
      if (d * c < 0) cut.push([x + d / (d - c), y + 1]);
      if (a * d < 0) cut.push([x, y + a / (a - d)]);
      for (let k = 0; k + 1 < cut.length; k += 2) {
        pen.moveTo((cut[k][0] + 0.5) * size / width, (cut[k][1] + 0.5) * size / height);
        pen.lineTo((cut[k + 1][0] + 0.5) * size / width, (cut[k + 1][1] + 0.5) * size / height);
      }
    }
  }
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5 * window.devicePixelRatio;
  pen.globalAlpha = 0.8;
  pen.stroke();
  pen.globalAlpha = 1;
}

// Fitted curves, y in [0, 1] at even distances: their count, and then their places one after the other
function lines(pen, numbers, size, tones, { ink }) {
  const count = numbers[0], places = (numbers.length - 1) / count;
  pen.lineWidth = 2.5 * window.devicePixelRatio;
  for (let k = 0; k < count; k++) {
    pen.strokeStyle = count > 1 ? tones[k % tones.length] : ink;
    pen.beginPath();
    for (let i = 0; i < places; i++) {
      pen.lineTo(i * size / (places - 1), (1 - numbers[1 + k * places + i]) * size);
    }
    pen.stroke();
  }
}

// Samples: shapes beside colours tell classes apart; those of the test are hollow. x to the right, y upwards, in [0, 1]
function marks(pen, points, size, tone, shape, card) {
  const half = MARK * window.devicePixelRatio;
  for (const [x, y, kind, test] of points) {
    outline(pen, shape(kind), x * size, (1 - y) * size, half);
    pen.fillStyle = test ? card : tone(kind);
    pen.strokeStyle = test ? tone(kind) : card;
    pen.lineWidth = (test ? 1.6 : 1) * window.devicePixelRatio;
    pen.fill();
    pen.stroke();
  }
}

function outline(pen, shape, x, y, half) {
  pen.beginPath();
  if (shape === 0) {
    pen.arc(x, y, half, 0, 2 * Math.PI);
  } else if (shape === 1) {
    pen.rect(x - 0.9 * half, y - 0.9 * half, 1.8 * half, 1.8 * half);
  } else {
    pen.moveTo(x, y - 1.2 * half);
    pen.lineTo(x + 1.1 * half, y + half);
    pen.lineTo(x - 1.1 * half, y + half);
    pen.closePath();
  }
}
