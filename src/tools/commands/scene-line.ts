import { type SceneShift, sceneAdvice } from '../../learning/calibration/scene.js';

/** Where the median of good scores lies to that of the calibration, in a line. */
export function describeScene({ deviations, changed }: SceneShift): string {
  const side = deviations < 0 ? 'below' : 'above';
  const place = `median ${Math.abs(deviations).toFixed(1)} MADs ${side} that of the held-out images`;
  return changed ? `${place}: ${sceneAdvice}` : place;
}
