// Planes of bytes as colours: the picture of what a network says over the plane.
// Frames come as binary messages (their bytes: frames.py). The newest one is drawn once per animation frame and then
// acknowledged; one that was overtaken is acknowledged without being drawn. Colours are the page's own.
// For those who asked for less motion, two are drawn a second.
const HEADER = 20, STRENGTH = 0.72, EVENT = "lab", MARK = 3.2, GAP = 4, CALM = 500;

export default {
  template: `
    <div class="boundary">
      <canvas ref="canvas" role="img" :aria-label="label" :aria-describedby="$attrs.id + '-told'"></canvas>
      <p :id="$attrs.id + '-told'" class="told" aria-live="polite">{{ told }}</p>
    </div>`,
  props: { label: String, told: String, points: Array, element: Number },
  data: () => ({ frame: null, acknowledge: null, asked: false, gone: false, drawn: -CALM }),
  async mounted() {
    await this.$nextTick(); // the socket opens when the whole page is mounted
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.recolour);
    this.resized = new ResizeObserver(() => this.ask());
    this.resized.observe(this.$refs.canvas);
    this.recolour();
    window.socket.on(EVENT, this.receive);
  },
  beforeUnmount() {
    window.socket.off(EVENT, this.receive);
    this.dark.removeEventListener("change", this.recolour);
    this.resized.disconnect();
    this.gone = true;
  },
  watch: { points() { this.ask(); } },
  methods: {
    receive(data, acknowledge) {
      const view = new DataView(data);
      if (view.getUint32(0, true) !== this.element) return;
      this.acknowledge?.();
      this.acknowledge = acknowledge;
      const [count, height, width, numbers] = [12, 14, 16, 18].map((at) => view.getUint16(at, true));
      this.frame = Object.freeze({
        step: view.getUint32(4, true), count, height, width,
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
      this.colours = ramp(this.tones);
      this.ask();
    },
    draw() {
      if (this.gone || !this.frame || !this.colours) return;
      const { step, count, height, width, planes } = this.frame;
      const canvas = this.$refs.canvas, columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
      const size = Math.round(canvas.clientWidth * window.devicePixelRatio) || 4 * width;
      const cell = (size - GAP * (columns - 1)) / columns, tall = cell * height / width;
      resize(canvas, size, Math.round(rows * tall + GAP * (rows - 1)));
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = true;
      for (let i = 0; i < count; i++) {
        const plane = planes.subarray(i * height * width, (i + 1) * height * width);
        pen.save();
        pen.translate((i % columns) * (cell + GAP), Math.floor(i / columns) * (tall + GAP));
        pen.drawImage(this.shaded(plane, width, height), 0, 0, cell, tall);
        border(pen, plane, width, height, cell, tall, this.tones);
        if (count === 1) marks(pen, this.points ?? [], cell, tall, this.tones);
        pen.restore();
      }
      canvas.dataset.step = step;
      this.drawn = performance.now();
      this.acknowledge?.();
      this.acknowledge = null;
    },
    shaded(plane, width, height) {
      this.paper ??= document.createElement("canvas");
      resize(this.paper, width, height);
      const pen = this.paper.getContext("2d"), image = pen.createImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < pixels.length; i++) pixels[i] = this.colours[plane[i]];
      pen.putImageData(image, 0, 0);
      return this.paper;
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

// The line at which the network cannot decide, byte 127½: where it crosses each square between four centres
function border(pen, plane, width, height, wide, tall, { ink }) {
  const at = (x, y) => plane[y * width + x] - 127.5;
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
        pen.moveTo((cut[k][0] + 0.5) * wide / width, (cut[k][1] + 0.5) * tall / height);
        pen.lineTo((cut[k + 1][0] + 0.5) * wide / width, (cut[k + 1][1] + 0.5) * tall / height);
      }
    }
  }
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5 * window.devicePixelRatio;
  pen.globalAlpha = 0.8;
  pen.stroke();
  pen.globalAlpha = 1;
}

// Samples: circles and squares, so that colour is not all that tells them apart. x to the right, y upwards, in [0, 1]
function marks(pen, points, wide, tall, { zero, one, ink, card }) {
  const size = MARK * window.devicePixelRatio;
  pen.lineWidth = window.devicePixelRatio;
  pen.strokeStyle = card;
  for (const [x, y, kind] of points) {
    pen.fillStyle = kind < 0.5 ? zero : one;
    pen.beginPath();
    if (kind < 0.5) pen.arc(x * wide, (1 - y) * tall, size, 0, 2 * Math.PI);
    else pen.rect(x * wide - 0.9 * size, (1 - y) * tall - 0.9 * size, 1.8 * size, 1.8 * size);
    pen.fill();
    pen.stroke();
  }
}
