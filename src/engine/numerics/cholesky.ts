/**
 * The lower triangle L of a symmetric positive definite matrix A = L L', row-major [size, size]; what is above the
 * diagonal is 0. Null where A is not positive definite.
 */
export function cholesky(matrix: ArrayLike<number>, size: number): Float64Array | null {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    const start = row * size;
    for (let column = 0; column <= row; column++) {
      const other = column * size;
      let sum = matrix[start + column]!;
      for (let k = 0; k < column; k++) sum -= factor[start + k]! * factor[other + k]!;
      if (column < row) factor[start + column] = sum / factor[other + column]!;
      else if (sum > 0) factor[start + row] = Math.sqrt(sum);
      else return null;
    }
  }
  return factor;
}

/** Solves A x = b for A = L L', `size` values in place. */
export function solveCholesky(factor: Float64Array, size: number, values: Float64Array): void {
  for (let row = 0; row < size; row++) {
    let sum = values[row]!;
    for (let k = 0; k < row; k++) sum -= factor[row * size + k]! * values[k]!;
    values[row] = sum / factor[row * size + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = values[row]!;
    for (let k = row + 1; k < size; k++) sum -= factor[k * size + row]! * values[k]!;
    values[row] = sum / factor[row * size + row]!;
  }
}
