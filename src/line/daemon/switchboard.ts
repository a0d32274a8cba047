import { steadyNow } from '../../common/clock.js';
import type { CameraListener } from '../camera/camera.js';
import type { CameraConfig } from '../config/schema.js';
import type { Inspector, InspectorListener } from '../inspection/inspector.js';
import type { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import type { MqttPublisher } from '../publish/mqtt-publisher.js';
import type { Announcer } from './announcer.js';
import type { DriftWatch } from './drift-watch.js';
import type { LineCalibrator } from './line-calibrator.js';
import { longestPause, type Progress } from './progress.js';
import type { StatusBoard } from './status.js';

export interface SwitchboardOptions {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly progress: Progress;
  readonly requested: RequestedVerdicts;
  /** Whether every verdict is published now. */
  publishesVerdicts(): boolean;
  /** A camera was a file or folder, and has come to its end. */
  onEnded(camera: string): void;
}

/** Who is told of what cameras and inspectors say. */
export interface Listeners {
  readonly board: StatusBoard;
  readonly announcer: Announcer;
  readonly drift: DriftWatch;
  readonly calibrator: LineCalibrator;
  /** Undefined where no broker is configured. */
  readonly publisher?: MqttPublisher;
  inspectorOf(camera: string): Inspector;
}

/** Hands on what one part tells to those that it concerns, so that the parts need not know each other. */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  #listeners!: Listeners;

  constructor(options: SwitchboardOptions) {
    this.#options = options;
  }

  /** Before anything is told. */
  connect(listeners: Listeners): void {
    this.#listeners = listeners;
  }

  cameraStarts(camera: string): void {
    const { board, publisher } = this.#listeners;
    this.#options.metrics.addCamera(camera);
    board.addCamera(camera);
    publisher?.addCamera(camera);
  }

  /** Its alert closes; what is left of a camera that is gone goes, too. @throws KdadError INTERRUPTED */
  async cameraStopped(camera: string, gone: boolean, signal: AbortSignal): Promise<void> {
    const { metrics, progress } = this.#options;
    const { board, drift, calibrator, publisher, inspectorOf } = this.#listeners;
    progress.cameraGone(camera);
    await inspectorOf(camera).end(camera, signal);
    drift.reset(camera);
    if (!gone) return;
    await metrics.removeCamera(camera);
    calibrator.forget(camera);
    board.removeCamera(camera);
    publisher?.forgetCamera(camera);
  }

  /** Its scores are others from now on. */
  anotherModelJudges(camera: string): void {
    this.#listeners.drift.reset(camera);
  }

  cameraListener(settings: CameraConfig): CameraListener {
    const { name: camera } = settings;
    const { metrics, log, progress, onEnded } = this.#options;
    return {
      onFrame: (frame) => {
        metrics.framesReceived.inc({ camera });
        this.#listeners.inspectorOf(camera).push(frame);
      },
      onUnsettled: () => {
        metrics.framesReceived.inc({ camera });
        metrics.framesDropped.inc({ camera, reason: 'unsettled' });
      },
      onState: (state, reason) => {
        const { board, publisher, inspectorOf } = this.#listeners;
        metrics.cameraUp.set({ camera }, state === 'live' ? 1 : 0);
        log[state === 'lost' ? 'warn' : 'info']({ camera, reason }, `camera ${state}`);
        if (state === 'live') progress.cameraLive(camera, longestPause(settings));
        else progress.cameraGone(camera);
        board.cameraState(camera, state, reason);
        publisher?.cameraState(camera, state, reason?.split('\n', 1)[0]);
        if (state !== 'ended') return;
        void inspectorOf(camera).end(camera);
        onEnded(camera);
      },
      onReconnect: () => metrics.cameraReconnects.inc({ camera }),
      onWarning: (message) => log.warn({ camera }, message),
      onDamage: (reason) => metrics.cameraDamage.inc({ camera, reason }),
      onDamagedFrame: () => {
        metrics.framesReceived.inc({ camera });
        metrics.framesDropped.inc({ camera, reason: 'damaged' });
        progress.frameLeftOut(camera);
      },
      onDamagedVideo: (what) => log.warn({ camera }, what),
    };
  }

  inspectorListener(): InspectorListener {
    const { metrics, progress, requested, publishesVerdicts } = this.#options;
    return {
      onVerdict: (judged) => {
        const { frame, verdict } = judged;
        const { camera, ratio } = verdict;
        const { board, drift, calibrator, publisher } = this.#listeners;
        metrics.framesJudged.inc({ camera, verdict: verdict.verdict });
        if (verdict.scene) metrics.otherScenes.inc({ camera, scene: verdict.scene });
        metrics.anomalyRatio.set({ camera }, ratio);
        metrics.frameLatencySeconds.observe({ camera }, (steadyNow() - frame.steadyTime) / 1000);
        progress.frameJudged();
        board.verdict(verdict);
        drift.next(judged);
        calibrator.judged(judged);
        requested.judged(verdict);
        publisher?.judged(verdict);
        if (publishesVerdicts()) publisher?.verdict(verdict);
      },
      onAlert: (event) => {
        this.#listeners.board.alert(event);
        this.#listeners.announcer.announce(event);
      },
      onDrop: (frame, reason) => {
        metrics.framesDropped.inc({ camera: frame.camera, reason });
        requested.dropped(frame, reason);
      },
      onBatch: (batch, seconds) => {
        metrics.batchFrames.observe(batch);
        metrics.inferenceSeconds.observe(seconds);
      },
    };
  }
}
