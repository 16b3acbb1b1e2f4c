#!/usr/bin/env python3
"""Writes pillow.json: small images and what Pillow makes of them. python3 pillow.py > pillow.json (Pillow 12, NumPy)"""
import base64, io, json
import numpy as np
from PIL import Image


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def pattern(width, height, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((x * 7 + y * 13 + c * 50 + (x * y) % 31 * 5) % 256).astype(np.uint8)


def image(width, height, channels):
    a = pattern(width, height, channels)
    return Image.fromarray(a[..., 0] if channels == 1 else a)


def entry(im, **options):
    out = io.BytesIO()
    im.save(out, **options)
    back = Image.open(io.BytesIO(out.getvalue()))
    return dict(file=b64(out.getvalue()), width=back.width, height=back.height, rgb=b64(back.convert("RGB").tobytes()))


color = image(11, 7, 3)
rotated = Image.Exif()
rotated[274] = 6
small = dict(quality=60, optimize=True)
images = {
    "color.jpg": entry(color, format="JPEG", **small),
    "progressive.jpg": entry(color, format="JPEG", progressive=True, **small),
    "gray.jpg": entry(image(11, 7, 1), format="JPEG", **small),
    "rotated.jpg": entry(color, format="JPEG", exif=rotated, **small),
    "cmyk.jpg": entry(color.convert("CMYK"), format="JPEG", **small),
    "color.png": entry(color, format="PNG"),
    "gray.png": entry(image(11, 7, 1), format="PNG"),
    "palette.png": entry(color.quantize(16), format="PNG"),
    "alpha.png": entry(image(11, 7, 4), format="PNG"),
    "lossy.webp": entry(color, format="WEBP", quality=60),
    "lossless.webp": entry(image(11, 7, 4), format="WEBP", lossless=True, exact=True),
    "animated.webp": entry(color, format="WEBP", save_all=True, append_images=[color.rotate(180)]),
}
deep = io.BytesIO()
Image.fromarray(np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000).save(deep, format="PNG")
images["deep.png"] = dict(file=b64(deep.getvalue()), width=4, height=3, rgb=b64((np.arange(12) * 5000 >> 8).repeat(3).astype(np.uint8)))

resized = []
for (w, h), (tw, th), channels in [
    ((23, 17), (9, 31), 3), ((5, 4), (13, 11), 3), ((40, 30), (7, 30), 3), ((30, 40), (30, 11), 1), ((37, 29), (5, 3), 1), ((1, 1), (3, 2), 3),
]:
    out = image(w, h, channels).resize((tw, th), Image.BILINEAR)
    resized.append(dict(size=[w, h], to=[tw, th], channels=channels, pixels=b64(out.tobytes())))
luma = dict(size=[16, 16], pixels=b64(image(16, 16, 3).convert("L").tobytes()))
print(json.dumps(dict(images=images, resized=resized, luma=luma), indent=2))
