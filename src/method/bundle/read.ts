import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { type Calibration, calibrationSchema } from './calibration.js';
import { type Manifest, manifestSchema, schemaVersion } from './manifest.js';
import { multipliesBytes, type Precision, type PrecisionChoice } from './precision.js';
import { locate } from './store.js';

/** Bytes of a JSON file: the names of a million images. */
const LARGEST_TEXT = 64e6;

/** A trained model on disk, whole and unchanged since it was written. */
export interface Bundle {
  readonly directory: string;
  /** The name of its store, or of its folder. */
  readonly name: string;
  /** Its folder in the store; of a bundle in none, the beginning of the detector's SHA-256. */
  readonly version: string;
  readonly manifest: Manifest;
  /** What judges; threshold, calibration and self-test are of this one. */
  readonly precision: Precision;
  /** Path of the detector's ONNX file. */
  readonly detectorPath: string;
  readonly threshold: number;
  /** Of the bundle's own picture. */
  readonly selfTestScore: number;
  readonly calibration: Calibration;
}

/**
 * Opens a bundle, or the version in use of a store, after checking the size and SHA-256 of every file in it.
 *
 * @throws KdadError BUNDLE_MISSING where there is none, BUNDLE_UNSUPPORTED for one of another schema version or without
 *   the precision, BUNDLE_DAMAGED naming the file that is missing, truncated, changed or malformed, BUNDLE_UNREADABLE
 *   naming what the file system does not give
 */
export async function openBundle(path: string, wanted: PrecisionChoice = 'auto'): Promise<Bundle> {
  const { directory, name, version } = await locate(resolve(path));
  const manifest = await readManifest(directory);
  for (const [name, expected] of Object.entries(manifest.files)) await verifyFile(join(directory, name), expected);
  const detector = detectorIn(directory, manifest, wanted);
  const calibration = parseJson(
    join(directory, detector.calibration),
    await readText(join(directory, detector.calibration)),
    calibrationSchema,
  );
  return {
    directory,
    name,
    version: version ?? manifest.files[manifest.detector.file].sha256.slice(0, 12),
    manifest,
    precision: detector.precision,
    detectorPath: join(directory, detector.file),
    threshold: detector.threshold,
    selfTestScore: detector.selfTestScore,
    calibration,
  };
}

/** SHA-256 of the detector that judges: where it is the same, so are scores, whatever the bundle is called. */
export const detectorHash = ({ manifest, detectorPath }: Pick<Bundle, 'manifest' | 'detectorPath'>): string =>
  manifest.files[basename(detectorPath)].sha256;

function detectorIn(directory: string, { detector, threshold, selfTest, int8 }: Manifest, wanted: PrecisionChoice) {
  if (wanted === 'int8' && !int8) {
    const message = `${directory}: it has no int8 detector; use precision fp32, or train it anew`;
    throw new KdadError('BUNDLE_UNSUPPORTED', message);
  }
  if (int8 && (wanted === 'int8' || (wanted === 'auto' && int8.agrees && multipliesBytes()))) {
    return { precision: 'int8', calibration: 'calibration-int8.json', ...int8 } as const;
  }
  return {
    // The halves score as the floats do, and are made of the same weights when they are loaded.
    precision: wanted === 'fp16' ? 'fp16' : 'fp32',
    calibration: 'calibration.json',
    file: detector.file,
    threshold: threshold.value,
    selfTestScore: selfTest.score,
  } as const;
}

async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, 'manifest.json');
  const text = await readText(path, (cause) => {
    return new KdadError('BUNDLE_MISSING', `${directory}: no bundle here (no manifest.json)`, { cause });
  });
  return parseJson(path, text, manifestSchema, (value) => {
    const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
    if (typeof version === 'number' && version !== schemaVersion) {
      const message = `${path}: schema version ${version}; this kdad-edge reads version ${schemaVersion}`;
      throw new KdadError('BUNDLE_UNSUPPORTED', message);
    }
  });
}

/** @param missing what it means that there is no such file */
async function readText(
  path: string,
  missing = (cause: Error) => damaged(path, 'the file is missing', cause),
): Promise<string> {
  const info = await stat(path).catch((cause) => {
    throw isMissing(cause) ? missing(cause) : unreadable(path, cause);
  });
  if (!info.isFile()) throw damaged(path, 'not a file');
  if (info.size > LARGEST_TEXT) throw damaged(path, `${info.size} bytes; expected ${LARGEST_TEXT} at most`);
  return readFile(path, 'utf8').catch((cause) => {
    throw unreadable(path, cause);
  });
}

async function verifyFile(path: string, expected: Manifest['files'][string]): Promise<void> {
  const info = await stat(path).catch((cause) => {
    throw isMissing(cause) ? damaged(path, 'the file is missing', cause) : unreadable(path, cause);
  });
  if (!info.isFile()) throw damaged(path, 'not a file');
  if (info.size !== expected.bytes) {
    const change = info.size < expected.bytes ? 'truncated' : 'changed';
    throw damaged(path, `${change}: ${info.size} bytes, where the manifest says ${expected.bytes}`);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((cause) => {
    throw unreadable(path, cause);
  });
  if (hash.digest('hex') !== expected.sha256)
    throw damaged(path, 'changed: its SHA-256 is not the one in the manifest');
}

function parseJson<Schema extends z.ZodType>(
  path: string,
  text: string,
  schema: Schema,
  check: (value: unknown) => void = () => {},
): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text, ownKeysOnly);
  } catch (cause) {
    throw damaged(path, `not JSON: ${(cause as Error).message}`, cause);
  }
  check(value);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'the whole file'}: ${issue.message}`);
  throw damaged(path, issues.join('; '), result.error);
}

/** The schemas drop a key `__proto__` in silence: a file of that name would go unverified. */
function ownKeysOnly(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a key is named __proto__');
  return value;
}

function damaged(path: string, what: string, cause?: unknown): KdadError {
  return new KdadError('BUNDLE_DAMAGED', `${path}: ${what}`, { cause });
}

/** No rights, say, or a disk that fails. */
function unreadable(path: string, cause: Error): KdadError {
  return new KdadError('BUNDLE_UNREADABLE', `${path}: ${cause.message}`, { cause });
}

const isMissing = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOENT' || code === 'ENOTDIR';
