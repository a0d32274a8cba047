import type { Length } from '../damage.js';
import { DamageWatch } from './damage-watch.js';
import { Habits } from './habits.js';
import { LogTail } from './log-tail.js';

/** A line with its level, and what it is of, if it names that: `[h264 @ 0x5572c23d4340] [error] Reference 4 >= 4`. */
const leveled = /^((?:\[[^\]]* @ [^\]]*\] ?)*)\[(panic|fatal|error|warning|info|verbose|debug|trace)\] (.*)$/;

/** What says that a frame is damaged, at whatever level. */
const surely =
  /corrupt (decoded frame|input packet)|Packet corrupt|error while decoding MB|^concealing \d|error concealment|Error (while decoding stream|submitting packet to decoder)|RTP: missed \d+ packets|corrupted data|[Dd]ropped corrupted packet|overread \d/;

/**
 * What ffmpeg calls an error though frames are whole: in what is written beside the picture, and in the times that we
 * give.
 */
const harmless = /APP fields|\bSEI\b|\bVUI\b|\bdts\b|timestamp|COM marker|[Mm]etadata/;

export interface DecoderLogOptions {
  /** A frame was decoded, in the order in which they are put out. `passes`: it is put out. */
  onFrame(frame: { readonly damaged: boolean; readonly passes: boolean }): void;
  /** What the decoder says of damage. */
  onDamage(line: string): void;
  /** Reports may come long before their frames: ffmpeg's parts run beside each other, and nothing holds them back. */
  readonly ahead: boolean;
  /** The source shows the present: before the first frame, a decoder complains of what it did not see. */
  readonly live: boolean;
}

/**
 * An ffmpeg filter that prints each decoded frame into the log, behind what the decoder said of it: `-1` less eight
 * times its number, 4 for a B frame, 2 for one that passes and 1 for a key frame; then its time in seconds.
 *
 * @param passes expression of the filter `select`, not negative: which frames pass; it may use the variable 0
 */
export function markedSelect(passes = '1'): string {
  return `select='st(1,${passes});print(-1-8*n-4*eq(pict_type,PICT_TYPE_B)-2*gt(ld(1),0)-key,24);print(max(t,0),24);ld(1)'`;
}

/**
 * Reads what ffmpeg logs with `-loglevel level+info` and the filter above: which frames are damaged, how long the
 * source is, and what users need to know of a failure.
 */
export class DecoderLog {
  /** Warnings and errors. */
  readonly tail = new LogTail();
  readonly #options: DecoderLogOptions;
  readonly #watch: DamageWatch;
  readonly #habits = new Habits();
  #unfinished = '';
  #frames = 0;
  #told: number | undefined;
  #tellsLength = true;
  /** Not the length but the time of the end. */
  #tellsEnd = false;
  #lastTime = 0;
  #longestFrame = 0;

  constructor(options: DecoderLogOptions) {
    this.#options = options;
    this.#watch = new DamageWatch(options.ahead);
  }

  /** So far. */
  get length(): Length {
    const [told, longestFrame] = [this.#tellsLength ? this.#told : undefined, this.#longestFrame];
    return { told, decoded: this.#lastTime + longestFrame, longestFrame };
  }

  /** Frames from here on are damaged, up to a key frame or a recovery: somebody else knows. */
  report(): void {
    this.#watch.report();
  }

  /**
   * What is decoded is mended without a key frame, little by little: somebody else knows when that begins, and when it
   * ends.
   */
  recovery(step: 'begins' | 'ends'): void {
    if (step === 'begins') this.#watch.recovering();
    else this.#watch.recovered();
  }

  push(text: string): void {
    const lines = (this.#unfinished + text).split(/\r\n|[\r\n]/);
    this.#unfinished = lines.pop()!.slice(0, 2000);
    for (const line of lines) this.#read(line);
  }

  /** No more comes. */
  end(): void {
    if (this.#unfinished !== '') this.#read(this.#unfinished);
    this.#unfinished = '';
  }

  #read(line: string): void {
    const [, context = '', level = 'warning', text = line] = leveled.exec(line) ?? [];
    const [, mark] = /^-(\d+)\.0{6}$/.exec(text) ?? [];
    if (mark !== undefined) this.#frame(Number(mark) - 1);
    else if (/^\d+\.\d{6}$/.test(text)) this.#time(Number(text));
    else this.#readWords(context, level, text);
  }

  #readWords(context: string, level: string, text: string): void {
    if (level === 'info' && !context) this.#describe(text);
    // Of the source's size, that is.
    if (text.startsWith('Estimating duration')) this.#tellsLength = false;
    const unsure = /panic|fatal|error/.test(level) && !harmless.test(text);
    if (surely.test(text)) this.#damage(text);
    else if (unsure && !this.#habits.says(text) && !(this.#options.live && this.#frames === 0)) this.#damage(text);
    if (!/info|verbose|debug|trace/.test(level)) this.tail.push(`${context}${text}\n`);
  }

  #damage(text: string): void {
    this.#watch.report();
    this.#options.onDamage(text);
  }

  #frame(mark: number): void {
    this.#frames++;
    this.#habits.frame();
    const damaged = this.#watch.next({ key: (mark & 1) !== 0, reordered: (mark & 4) !== 0 });
    this.#options.onFrame({ damaged, passes: (mark & 2) !== 0 });
  }

  #time(time: number): void {
    this.#longestFrame = Math.max(this.#longestFrame, time - this.#lastTime);
    this.#lastTime = time;
  }

  /**
   * The source's description. Matroska and NUT tell the time of their end, others the time from begin to end.
   * What the index of a MOV or MP4 has, and the file has not, is an error anyway; its last frame may stay long.
   */
  #describe(text: string): void {
    const input = /^Input #0, (.*), from /.exec(text)?.[1];
    if (input !== undefined) this.#tellsEnd = /^(matroska|nut)\b/.test(input);
    const [, hours, minutes, seconds, start = 0] =
      /^ *Duration: (\d+):(\d+):([\d.]+),(?: start: ([\d.]+))?/.exec(text) ?? [];
    if (seconds !== undefined)
      this.#told = 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds) - (this.#tellsEnd ? Number(start) : 0);
    if (/^ *Stream #0.*: (Audio|Subtitle|Data)\b|^Input #0, mov/.test(text)) this.#tellsLength = false;
  }
}
