// A tile's picture, large: its preview stands in until the full one has come.
import { faceOf } from "./tiles.js";

const isLoaded = (image) => image.complete && image.naturalWidth > 0;
export const addressOf = (tile) => faceOf(tile).dataset.full;

// In pixels; null until the server or the file has told it.
export function sizeOf(image) {
  const [width, height] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
  if (width && height) return { width, height };
  return image.naturalWidth ? { width: image.naturalWidth, height: image.naturalHeight } : null;
}

// Where it is drawn in its element, which has another shape.
export function drawnBox(image) {
  const box = image.getBoundingClientRect();
  const { width, height } = sizeOf(image) ?? box;
  const scale = Math.min(box.width / width, box.height / height);
  const drawn = { width: width * scale, height: height * scale };
  return { ...drawn, left: box.left + (box.width - drawn.width) / 2, top: box.top + (box.height - drawn.height) / 2 };
}

// As large as the full picture, and never larger: nothing moves when that takes the preview's place.
function shape(image, tile) {
  const small = faceOf(tile).querySelector("img"); // null once a swap has carried it to the tile's successor
  for (const side of ["width", "height"]) if (small?.hasAttribute(side)) image[side] = small.getAttribute(side);
  const size = sizeOf(image);
  if (!size) return;
  image.style.maxWidth = `${size.width}px`;
  image.style.maxHeight = `${size.height}px`;
}

export class Pictures {
  #near = new Map(); // address -> the picture

  #load(address) {
    const known = this.#near.get(address);
    const isBroken = known?.complete && !isLoaded(known);
    const image = known && !isBroken ? known : new Image();
    if (image !== known) image.src = address;
    image.alt = ""; // its prompt names what it stands in
    image.draggable = false;
    return image;
  }

  // Fetched before they are asked for; all others are forgotten.
  keepOnly(tiles) {
    const pictures = tiles.map((tile) => this.#load(addressOf(tile)));
    this.#near = new Map(pictures.map((image) => [image.getAttribute("src"), image]));
  }

  // `whenPut` is told each time that something else stands in the view. Resolves when there is nothing more to come;
  // true when the view still is this tile's.
  async paint(view, tile, whenPut) {
    // Each tile has a frame of its own: what arrives late finds it taken away, and shows nowhere.
    const frame = Object.assign(document.createElement("div"), { className: "frame" });
    view.replaceChildren(frame);
    const put = (element) => {
      if (element.tagName === "IMG") shape(element, tile);
      frame.replaceChildren(element);
      if (frame.isConnected) whenPut();
    };
    const putIfEmpty = (element) => frame.querySelector("img") ?? put(element);
    const preview = faceOf(tile).querySelector("img");
    const [small, large] = [this.#load(preview.currentSrc || preview.src), this.#load(addressOf(tile))];
    if (isLoaded(large)) put(large);
    else if (isLoaded(small)) put(small);
    else small.decode().then(() => putIfEmpty(small), () => {});
    await large.decode().then(
      () => put(large),
      () => putIfEmpty(Object.assign(document.createElement("p"), { textContent: "This picture cannot be loaded." })),
    );
    return frame.isConnected;
  }
}
