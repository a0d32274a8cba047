/**
 * Why frames are damaged.
 * - `packets`: packets of the network are missing
 * - `pictures`: a JPEG had no end
 * - `marker`: a camera marked a packet as the end of a frame, and it was not
 * - `decoder`: ffmpeg says so
 */
export const damageReasons = ['packets', 'pictures', 'marker', 'decoder'] as const;
export type DamageReason = (typeof damageReasons)[number];

/** What to say of them. */
export const damageWords: Readonly<Record<DamageReason, string>> = {
  packets: 'packets are missing',
  pictures: 'a JPEG has no end',
  marker: 'a frame went on behind the packet that was marked as its last',
  decoder: 'the decoder reports damage',
};

/** How long a source is, in seconds. */
export interface Length {
  /** What it says itself; undefined where it does not, or where that may be of its sound. */
  readonly told: number | undefined;
  /** To the end of the last frame that was decoded. */
  readonly decoded: number;
  /** How long a frame was to be seen at most. */
  readonly longestFrame: number;
}

/** What is told of frames that are not handed on, because they or ones that they need may be damaged. */
export interface DamageListener {
  /** Something was damaged. `detail`: what, in ffmpeg's words where it said so. */
  onDamage(reason: DamageReason, detail: string): void;
  /** One frame is left out. */
  onDamagedFrame(): void;
  /** The source has come to its end. */
  onEnd?(length: Length): void;
}

/**
 * Milliseconds that a source may send nothing but damaged frames before it counts as lost: to a new connection, cameras
 * send a key frame.
 */
export const longestDamage = 60_000;
