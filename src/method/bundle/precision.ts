import { readFileSync } from 'node:fs';

/** In which numbers a detector computes: 32-bit floats, or 16-bit ones or 8-bit integers in its convolutions. */
export type Precision = 'fp32' | 'fp16' | 'int8';

/** `auto` is 32-bit floats, or integers where they agree with the floats and the processor multiplies them faster. */
export const precisionChoices = ['auto', 'fp32', 'fp16', 'int8'] as const;
export type PrecisionChoice = (typeof precisionChoices)[number];

/**
 * Instructions that multiply and add bytes in one, as /proc/cpuinfo names them: AVX512-VNNI and AVX-VNNI of x64, dot
 * products of arm64.
 */
const BYTE_PRODUCTS = /^(?:flags|Features)\s*:.*\b(?:avx512_vnni|avx_vnni|asimddp)\b/m;

/** Whether this processor gains from 8-bit integers for certain; on others it may, which `kdad-edge bench` measures. */
export function multipliesBytes(processor = readProcessor()): boolean {
  return BYTE_PRODUCTS.test(processor);
}

function readProcessor(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
