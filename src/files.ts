import { open, rename } from 'node:fs/promises';

/** Writes a file whole or not at all: beside the target, flushed to disk, then renamed over it. */
export async function replaceFile(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}
