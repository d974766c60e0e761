// Boxes and names over the picture. The picture may be mirrored; texts never are.

// What a face is called. null says that no class is sure enough.
export const nameOf = (face) => face.label ?? "not sure";

export function drawFaces(canvas, faces, shown, mirrored) {
  const scale = devicePixelRatio;
  const { clientWidth, clientHeight } = canvas;
  const [width, height] = [Math.floor(clientWidth * scale), Math.floor(clientHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  const place = fitted(shown.width, shown.height, clientWidth, clientHeight);
  for (const face of faces) drawFace(context, face, place, mirrored);
}

// Where a picture lies that is as large as fits, as `object-fit: contain` has it.
function fitted(width, height, outerWidth, outerHeight) {
  const factor = Math.min(outerWidth / width, outerHeight / height) || 0;
  const inner = { width: width * factor, height: height * factor };
  return { ...inner, left: (outerWidth - inner.width) / 2, top: (outerHeight - inner.height) / 2 };
}

function drawFace(context, face, place, mirrored) {
  const [left, top, width, height] = face.box;
  const x = place.left + (mirrored ? 1 - left - width : left) * place.width;
  const y = place.top + top * place.height;
  const colour = face.label === null ? "#cccccc" : "#f0e442";
  context.lineWidth = 5;
  context.strokeStyle = "#202020";
  context.strokeRect(x, y, width * place.width, height * place.height);
  context.lineWidth = 2.5;
  context.strokeStyle = colour;
  context.strokeRect(x, y, width * place.width, height * place.height);
  const text = `${nameOf(face)} ${Math.round(face.confidence * 100)} %`;
  context.font = "600 16px system-ui, sans-serif";
  const wide = context.measureText(text).width + 12;
  const below = Math.min(y + height * place.height + 2, context.canvas.clientHeight - 26);
  const textY = y > 28 ? y - 26 : below;
  const textX = Math.max(0, Math.min(x, context.canvas.clientWidth - wide));
  context.fillStyle = "#202020";
  context.fillRect(textX, textY, wide, 24);
  context.fillStyle = colour;
  context.fillText(text, textX + 6, textY + 17);
}
