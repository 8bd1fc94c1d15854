// A view whose picture can be enlarged, moved and pinched. Nothing glides: each step is where it ends.
import Panzoom from "../vendor/panzoom/panzoom-4.6.2.es.js";
import { sizeOf } from "./pictures.js";

const MOST = 8;
const STEP = 1.5;
const ALMOST = 0.01;

// `view` fills its parent, and the picture in it is fitted. `whenMoved` is told of what a person did, but not of what
// follows another view; `whenDrawn` of both.
export function makeViewer(view, { whenMoved = () => {}, whenDrawn = () => {} }) {
  const panzoom = Panzoom(view, {
    contain: "outside",
    cursor: "",
    handleStartEvent: (event) => event.preventDefault(), // no picture is dragged away
    maxScale: MOST,
    minScale: 1,
    panOnlyWhenZoomed: true,
  });
  const stage = view.parentElement;
  const picture = () => view.querySelector("img");

  // What one pixel of the picture measures, fitted.
  function fitted() {
    const [image, size] = [picture(), picture() && sizeOf(picture())];
    if (!size) return 1;
    return Math.min(image.offsetWidth / size.width, image.offsetHeight / size.height, 1);
  }

  function drawn() {
    stage.classList.toggle("enlarged", !viewer.isFitted);
    whenDrawn();
  }

  const viewer = {
    get scale() {
      return panzoom.getScale();
    },
    get isFitted() {
      return viewer.scale < 1 + ALMOST;
    },
    // How large the picture stands there, 1 for each of its pixels on one of the screen's.
    get size() {
      return fitted() * viewer.scale;
    },
    isAt: (size) => Math.abs(viewer.size - size) < ALMOST * size,
    fit: () => panzoom.reset({ animate: false }),
    showAt(size, at) {
      const scale = Math.max(size / fitted(), 1);
      if (at) panzoom.zoomToPoint(scale, at);
      else panzoom.zoom(scale);
    },
    enlarge: (by) => panzoom.zoom(viewer.scale * STEP ** by),
    // As another view stands, whose picture may be of another shape.
    follow({ x, y, scale }) {
      const only = { animate: false, silent: true, contain: undefined };
      panzoom.zoom(scale, only);
      panzoom.pan(x, y, { ...only, force: true });
      requestAnimationFrame(drawn); // after panzoom's own
    },
    end: () => panzoom.destroy(),
  };

  view.addEventListener("panzoomchange", ({ detail }) => {
    drawn();
    whenMoved(detail);
  });
  stage.addEventListener("wheel", (event) => panzoom.zoomWithWheel(event), { passive: false });
  stage.addEventListener("dblclick", (event) => {
    if (event.target.closest("button")) return;
    if (viewer.isFitted) viewer.showAt(1, event);
    else viewer.fit();
  });
  return viewer;
}

const FAR = 48; // CSS pixels

// One finger to the side, over a picture that is fitted.
export function onSwipe(stage, isAllowed, go) {
  let start = null;
  const fingers = new Set();
  stage.addEventListener(
    "pointerdown",
    (event) => {
      fingers.add(event.pointerId);
      const isSwipe = event.pointerType === "touch" && fingers.size === 1 && isAllowed();
      start = isSwipe ? { x: event.clientX, y: event.clientY } : null;
    },
    true,
  );
  for (const name of ["pointerup", "pointercancel"])
    document.addEventListener(
      name,
      (event) => {
        if (!fingers.delete(event.pointerId) || !start) return;
        const [x, y] = [event.clientX - start.x, event.clientY - start.y];
        start = null;
        const isSwipe = name === "pointerup" && Math.abs(x) > FAR && Math.abs(x) > 2 * Math.abs(y);
        if (isSwipe && isAllowed()) go(x < 0 ? 1 : -1);
      },
      true,
    );
}
