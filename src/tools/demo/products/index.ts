import { blister } from './blister.js';
import { bracket } from './bracket.js';
import { fabric } from './fabric.js';
import { gear } from './gear.js';
import type { Product } from './product.js';
import { relay } from './relay.js';

/** Every product that the demo can make, by name. */
export const products = { bracket, relay, fabric, gear, blister } as const satisfies Record<string, Product>;
