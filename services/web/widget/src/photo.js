/* Photos leave the phone small and without the place and device data of the original file:
   drawing them anew drops EXIF. */

const PHOTO_LIMIT = 2 * 1024 * 1024; // bytes
const PHOTO_SIDE = 1920; // pixels

/** Return a JPEG of at most 2 MB; throws when the file is not a picture the browser can read. */
async function compressPhoto(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    let side = PHOTO_SIDE;
    for (;;) {
      for (const quality of [0.85, 0.7, 0.55]) {
        const blob = await drawJpeg(bitmap, side, quality);
        if (blob.size <= PHOTO_LIMIT) return blob;
      }
      side = Math.round(side * 0.7);
    }
  } finally {
    bitmap.close();
  }
}

function drawJpeg(bitmap, side, quality) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // transparent screenshots would turn black
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", quality);
  });
}
