/** Lays the arrays of several images one behind the other, as one batch. */
export function join<T extends Uint8Array | Float32Array>(arrays: readonly T[]): T {
  const total = arrays.reduce((sum, { length }) => sum + length, 0);
  const joined = (arrays[0] instanceof Uint8Array ? new Uint8Array(total) : new Float32Array(total)) as T;
  let offset = 0;
  for (const array of arrays) {
    joined.set(array, offset);
    offset += array.length;
  }
  return joined;
}
