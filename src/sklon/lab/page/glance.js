// The picture of a boundary again, small: whatever its canvas has drawn is copied. It has no name, since the large one
// says what is to be seen.
const SIZE = 192;

export default {
  template: `<canvas aria-hidden="true" width="${SIZE}" height="${SIZE}"></canvas>`,
  props: { source: Number },
  mounted() {
    document.addEventListener("drawn", this.copy);
    this.copy();
  },
  beforeUnmount() { document.removeEventListener("drawn", this.copy); },
  methods: {
    copy() {
      const from = document.querySelector(`#c${this.source} canvas`), here = this.$el;
      if (!from?.dataset.step || !here.offsetParent) return;
      here.getContext("2d").drawImage(from, 0, 0, SIZE, SIZE);
      here.dataset.step = from.dataset.step;
    },
  },
};
