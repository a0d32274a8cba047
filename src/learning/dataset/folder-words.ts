/** What the name of a folder says of the pictures in it. */
export interface Meaning {
  readonly split?: 'train' | 'test' | 'validation';
  /** `unclear`: it takes a side, and nobody knows which. */
  readonly label?: 'good' | 'defective' | 'unclear';
  /** Ground truth: no picture of a product. */
  readonly mask?: true;
}

const words = (text: string) => new Set(text.trim().split(/\s+/));

const train = words('train training trainset');
const test = words('test testing tests testset');
const validation = words('val valid validation eval evaluation dev');

const mask =
  words(`mask masks gt groundtruth groundtruths label labels annotation annotations annotated anno seg segmentation
  segmentations maske masken heatmap heatmaps overlay overlays`);

const good =
  words(`good goods ok okay normal normals healthy pass passed fine clean intact perfect flawless faultless undamaged
  unbroken nondefective nondefect nodefect nodefects defectfree faultfree io gut gute bon bons bueno buenos buono 良品 正常 正常品 合格 合格品 良 好`);

const defective =
  words(`bad ko ng nok nio notgood nogood notok defect defects defective defected defectives abnormal abnormals
  abnormality anomal anomaly anomalies anomalous fail fails failed failure failures fault faults faulty flaw flaws flawed imperfect
  reject rejects rejected scrap waste broken break damage damages damaged crack cracks cracked scratch scratches scratched dent dents
  dented hole holes cut cuts poke squeeze squeezed contamination contaminated dirty stain stains stained rust rusty corroded corrosion
  burr burrs bent missing misprint deformed deformation wrinkle wrinkles bubble bubbles unhealthy incorrect wrong nonconforming
  defekt defekte fehler fehlerhaft schlecht ausschuss kratzer riss risse mauvais defaut défaut malo malos defecto defectos
  不良 不良品 缺陷 缺陷品 异常 异常品 不合格 不合格品`);

const unclear = words('positive positives negative negatives pos neg');

const negation = words('not no non un without free ohne nicht kein keine sans sin');

/** Words that go with any picture. */
const plain =
  words(`image images img imgs picture pictures pic pics photo photos frame frames dir folder data dataset set
  part parts sample samples file files rgb png jpg jpeg bmp tif all cls`);

/** Reads a folder's name, whatever its case, digits and punctuation: `Not_OK (2)`, `abnormal_dir`, `GroundTruth`. */
export function meaningOf(name: string): Meaning {
  const tokens = tokensOf(name).filter((token) => !plain.has(token));
  const joined = tokens.join('');
  const has = (set: ReadonlySet<string>) => set.has(joined) || tokens.some((token) => set.has(token));
  if (has(mask) || joined.includes('groundtruth')) return { mask: true };
  const split = has(train) ? 'train' : has(test) ? 'test' : has(validation) ? 'validation' : undefined;
  const label = labelOf(tokens, joined);
  return { ...(split && { split }), ...(label && { label }) };
}

function labelOf(tokens: readonly string[], joined: string): Meaning['label'] {
  if (good.has(joined)) return 'good';
  if (defective.has(joined)) return 'defective';
  const sides = tokens.map((token) => (defective.has(token) ? 'defective' : good.has(token) ? 'good' : undefined));
  const turned = sides.map((side, i) => {
    const negated = (i > 0 && negation.has(tokens[i - 1])) || tokens[i + 1] === 'free';
    return side && negated ? (side === 'good' ? 'defective' : 'good') : side;
  });
  if (turned.includes('defective')) return 'defective';
  if (turned.includes('good')) return 'good';
  return tokens.some((token) => unclear.has(token)) ? 'unclear' : undefined;
}

/** True for folders that only hold pictures together: `images`, `data`. */
export function isPlain(name: string): boolean {
  return tokensOf(name).every((token) => plain.has(token)) && /\p{L}/u.test(name);
}

function tokensOf(name: string): string[] {
  const apart = name.normalize('NFC').replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2');
  return apart
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((token) => token !== '');
}
