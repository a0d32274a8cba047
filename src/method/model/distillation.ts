import {
  add,
  addN,
  customGrad,
  div,
  maximum,
  mean,
  mul,
  neg,
  relu,
  type Scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
} from '../tensorflow.js';

/** The shortest feature vector that is divided by its length (PyTorch's `F.normalize`). */
const SHORTEST = 1e-12;

/** Every pixel's feature vector divided by its length: batch x height x width x channels. */
export function normaliseFeatures(features: Tensor4D): Tensor4D {
  return div(features, lengths(features));
}

const overChannels = (x: Tensor4D): Tensor4D => sum(x, 3, true);
const squaredLengths = (features: Tensor4D): Tensor4D => overChannels(square(features));
const lengthsOf = (squared: Tensor4D): Tensor4D => maximum(sqrt(squared), SHORTEST);
const lengths = (features: Tensor4D): Tensor4D => lengthsOf(squaredLengths(features));

/**
 * Half the squared distance of the normalised features, a pixel: batch x height x width x 1. From 0, the same
 * direction, to 1 for features at right angles (after a ReLU no two point apart further). STFPM,
 * https://arxiv.org/abs/2103.04257, equation 1.
 *
 * Multiplied out, (|s|^2 + |t|^2) / 2 - s * t, so that no normalised feature map is made: three products and sums
 * instead of eight passes.
 */
export function featureDistance(student: Tensor4D, teacher: Tensor4D): Tensor4D {
  const [ofStudent, ofTeacher] = [squaredLengths(student), squaredLengths(teacher)];
  const [studentLength, teacherLength] = [lengthsOf(ofStudent), lengthsOf(ofTeacher)];
  const cosine = div(overChannels(mul(student, teacher)), mul(studentLength, teacherLength));
  const own = add(div(ofStudent, square(studentLength)), div(ofTeacher, square(teacherLength)));
  return relu(sub<Tensor4D>(mul(own, 0.5), cosine));
}

/**
 * What the student minimises: the feature distance, averaged over pixels, images and the three layers.
 * @param teachers feature maps that `normaliseFeatures` made
 */
export function distillationLoss(students: readonly Tensor4D[], teachers: readonly Tensor4D[]): Scalar {
  const losses = students.map((student, layer) => layerLoss(student, teachers[layer]));
  return div(addN(losses), losses.length);
}

/**
 * For vectors of length 1, half the squared distance is 1 - cos. Its gradient for the student's vector s is A * teacher
 * + B * s with one A and B a pixel, which takes far fewer passes over the feature map than differentiating the
 * division.
 */
function layerLoss(student: Tensor4D, teacher: Tensor4D): Scalar {
  const [batch, height, width] = student.shape;
  const pixels = batch * height * width;
  const loss = customGrad((...inputs: unknown[]) => {
    const [features, save] = inputs as [Tensor4D, (tensors: Tensor[]) => void];
    const length = lengths(features);
    const cosine: Tensor4D = div(overChannels(mul(features, teacher)), length);
    save([features, length, cosine, teacher]);
    const gradFunc = (dy: Tensor, [savedFeatures, savedLength, savedCosine, savedTeacher]: Tensor[]) => {
      const a = div(neg(div(dy, pixels)), savedLength);
      const b = neg(mul(a, div(savedCosine, savedLength)));
      return add(mul(savedTeacher, a), mul(savedFeatures, b));
    };
    return { value: sub(1, mean(cosine)), gradFunc };
  });
  return loss(student) as Scalar;
}
