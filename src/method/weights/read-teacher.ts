import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { KdadError } from '../../common/errors.js';
import { teacherFrom } from '../model/teacher.js';
import type { Weights } from '../model/weights.js';
import { readSafetensors } from './safetensors.js';
import { isTorchFile, readTorchFile } from './torch-file.js';

/**
 * Reads a teacher in any of the accepted forms: safetensors, or a state dictionary that PyTorch wrote (.pth).
 * @returns folded weights, and the SHA-256 of the file
 * @throws KdadError WEIGHTS_INVALID
 */
export async function readTeacher(file: string): Promise<{ weights: Weights; sha256: string }> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new KdadError('WEIGHTS_INVALID', `${file}: cannot be read (${error.message})`, { cause: error });
  });
  const weights = isTorchFile(bytes) ? readTorchFile(bytes, file) : readSafetensors(bytes, file).weights;
  return { weights: teacherFrom(weights, file), sha256: sha256Of(bytes) };
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
