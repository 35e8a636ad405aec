import type { Product } from '../product.js';
import { bottleRim } from './bottle-rim.js';
import { circuitBoard } from './circuit-board.js';
import { machinedNut } from './machined-nut.js';
import { wovenFabric } from './woven-fabric.js';

/** The plant's four lines. */
export const PRODUCTS: readonly Product[] = [circuitBoard, bottleRim, wovenFabric, machinedNut];
