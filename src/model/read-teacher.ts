import { readFile } from 'node:fs/promises';
import { KdadError } from '../errors.js';
import { readSafetensors, type Weights } from './safetensors.js';
import { teacherFrom } from './teacher.js';

/**
 * Reads a teacher from a safetensors file in any of the forms that `teacherFrom` knows.
 * @returns folded weights
 * @throws KdadError WEIGHTS_INVALID
 */
export async function readTeacher(file: string): Promise<Weights> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new KdadError('WEIGHTS_INVALID', `${file}: cannot be read (${error.message})`, { cause: error });
  });
  return teacherFrom(readSafetensors(bytes, file).weights, file);
}
