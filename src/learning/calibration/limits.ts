/**
 * A threshold as it is asked for: the model's own times a factor, or by the scores that the model was calibrated on. One
 * of the two is there.
 */
export interface ConfiguredThreshold {
  readonly factor?: number;
  /** So many good parts may be called anomalous, as a part of 1. */
  readonly falseAlarms?: number;
}

/**
 * From where on a frame that is not anomalous yet is to be looked at: the camera's threshold times a factor, or by the
 * same scores as that. One of the two is there.
 */
export interface ConfiguredReview {
  readonly factor?: number;
  /** So many good parts may be reviewed or called anomalous, as a part of 1. */
  readonly falseAlarms?: number;
}

/** From which scores on a camera's frames are to be reviewed, and anomalous. */
export interface Limits {
  /** The model's own counts where it is absent. */
  readonly threshold?: ConfiguredThreshold;
  /** Nothing is reviewed where it is absent. */
  readonly review?: ConfiguredReview;
}

/** The limits that a configuration has for a camera. */
export const limitsFor = (config: Limits, camera?: Limits): Limits => ({
  threshold: camera?.threshold ?? config.threshold,
  review: camera?.review ?? config.review,
});
