/** 8-bit pixels, row-major and interleaved. Four channels are RGBA with straight alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** One channel of luma (0..255), by ITU-R 601-2 in the fixed point of Pillow's convert("L"). */
export function toGray(picture: Picture): Picture {
  const { width, height, channels, data } = picture;
  if (channels === 1) return picture;
  const gray = new Uint8Array(width * height);
  for (let i = 0, from = 0; i < gray.length; i++, from += channels) {
    gray[i] = (data[from]! * 19595 + data[from + 1]! * 38470 + data[from + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: gray };
}

/** Three channels: gray is replicated, alpha is dropped and not composited, as Pillow's convert("RGB") does. */
export function toRgb(picture: Picture): Picture {
  const { width, height, channels, data } = picture;
  if (channels === 3) return picture;
  const rgb = new Uint8Array(width * height * 3);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let to = 0, from = 0; to < rgb.length; to += 3, from += channels) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + green]!;
    rgb[to + 2] = data[from + blue]!;
  }
  return { width, height, channels: 3, data: rgb };
}

/** RGBA as a canvas takes it; opaque where the picture has no alpha. */
export function toRgba(picture: Picture): Uint8ClampedArray {
  if (picture.channels === 4) return new Uint8ClampedArray(picture.data);
  const rgb = toRgb(picture).data;
  const rgba = new Uint8ClampedArray(picture.width * picture.height * 4);
  for (let to = 0, from = 0; to < rgba.length; to += 4, from += 3) {
    rgba[to] = rgb[from]!;
    rgba[to + 1] = rgb[from + 1]!;
    rgba[to + 2] = rgb[from + 2]!;
    rgba[to + 3] = 255;
  }
  return rgba;
}

/** The rectangle at (left, top), which must lie within the picture. */
export function crop(picture: Picture, left: number, top: number, width: number, height: number): Picture {
  const { channels, data } = picture;
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * channels;
    out.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data: out };
}

/** The picture centred on a ground of one value; an odd pixel goes to the right and below. */
export function pad(picture: Picture, width: number, height: number, value: number): Picture {
  const { channels, data } = picture;
  const out = new Uint8Array(width * height * channels).fill(value);
  const left = (width - picture.width) >> 1;
  const top = (height - picture.height) >> 1;
  const row = picture.width * channels;
  for (let y = 0; y < picture.height; y++) {
    out.set(data.subarray(y * row, (y + 1) * row), ((top + y) * width + left) * channels);
  }
  return { width, height, channels, data: out };
}
