import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { teacherFrom } from '../../method/model/teacher.js';
import { sha256Of } from '../../method/weights/read-teacher.js';
import { readSafetensors } from '../../method/weights/safetensors.js';
import {
  checkName,
  keepTeacher,
  type StoredTeacher,
  type StoreOptions,
  teacherFolder,
  writeIntoStore,
} from './store.js';

/** The teachers that can be fetched: ResNet-18 trained on ImageNet-1k, as timm publishes it. */
export const pullable = ['resnet18.tv_in1k', 'resnet18.a1_in1k'] as const;

/** The files have 47 MB. */
const LARGEST = 64 * 2 ** 20;

export interface PullOptions extends StoreOptions {
  readonly signal?: AbortSignal;
  /** Bytes so far, and in all where the server says so. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** The hub to fetch from. */
  readonly hub?: string;
  /** For how long nothing may come before it is given up; milliseconds. */
  readonly stallTimeout?: number;
  readonly fetch?: typeof globalThis.fetch;
}

/** What is remembered of a first download, beside the teacher. */
const recordSchema = z.object({ address: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/**
 * Fetches a teacher and keeps it under its name. The SHA-256 of the first download is recorded in the store, and every
 * later one has to have the same. Nothing is written unless the file is complete and a ResNet-18.
 * @throws KdadError USAGE for another name or one that is there already, DOWNLOAD_FAILED, INTERRUPTED, WEIGHTS_INVALID,
 *   STORE_UNWRITABLE
 */
export async function pullTeacher(name: string, options: PullOptions = {}): Promise<StoredTeacher> {
  if (!(pullable as readonly string[]).includes(name)) {
    throw new KdadError('USAGE', `"${name}" cannot be pulled; expected ${pullable.join(' or ')}`);
  }
  await checkName(name, options);
  const recordPath = join(teacherFolder(options.environment), `${name}.first-download.json`);
  const first = await readRecord(recordPath);
  const address = `${options.hub ?? 'https://huggingface.co'}/timm/${name}/resolve/main/model.safetensors`;
  const bytes = await download(address, name, options);
  const sha256 = sha256Of(bytes);
  if (first && first.sha256 !== sha256) {
    throw new KdadError(
      'WEIGHTS_INVALID',
      `${address}: has SHA-256 ${sha256}; the first download had ${first.sha256}, from ${first.address}. Nothing was changed. If the publisher changed the file, remove ${recordPath} and pull again`,
    );
  }
  const weights = teacherFrom(readSafetensors(bytes, address).weights, address);
  if (!first) {
    await writeIntoStore(recordPath, `${JSON.stringify({ address, sha256 }, null, 2)}\n`, options.environment);
  }
  return keepTeacher(weights, name, { origin: address, sha256 }, options);
}

async function readRecord(path: string): Promise<z.infer<typeof recordSchema> | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const message = `${path}: damaged; it should hold the SHA-256 of the first download. Remove it to trust the next one`;
    throw new KdadError('WEIGHTS_INVALID', message, { cause: error });
  }
}

async function download(address: string, name: string, options: PullOptions): Promise<Uint8Array> {
  const { signal, onProgress, stallTimeout = 30_000, fetch = globalThis.fetch } = options;
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), stallTimeout);
  };
  try {
    alive();
    const response = await fetch(address, { signal: AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]) });
    if (!response.ok || !response.body)
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    const chunks: Uint8Array[] = [];
    let received = 0;
    for await (const chunk of response.body) {
      alive();
      received += chunk.length;
      if (Math.max(received, total ?? 0) > LARGEST)
        throw new Error(`larger than ${LARGEST / 2 ** 20} MiB, which no ResNet-18 is`);
      chunks.push(chunk);
      onProgress?.(received, total);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (signal?.aborted)
      throw new KdadError('INTERRUPTED', 'stopped before the download was complete; nothing was kept');
    const reason = stalled.signal.aborted ? `nothing came for ${stallTimeout / 1000} s` : reasonOf(error as Error);
    throw new KdadError(
      'DOWNLOAD_FAILED',
      `${address}: ${reason}. Without internet: download it elsewhere, then kdad-edge teacher import FILE --name ${name}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    stalled.abort(); // Ends the connection if it is still open.
  }
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : undefined;
  return cause ? `${error.message} (${cause.message || (cause as NodeJS.ErrnoException).code})` : error.message;
}
