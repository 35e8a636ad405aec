import { describe, expect, test } from 'vitest';
import { drawPicture, type DrawnPicture } from '../../activities/demo-plant/draw-picture.js';
import { PRODUCTS } from '../../activities/demo-plant/products/index.js';

const SIZE = 128;
const kinds = PRODUCTS.flatMap((product) =>
  product.defects.map((defect) => ({ product, defect: defect.folder, name: `${product.folder}/${defect.folder}` })),
);

/** Share of pixels that differ clearly between two pictures, inside the mask and farther than `reach` pixels from it. */
function differences(clean: DrawnPicture, faulty: DrawnPicture, reach: number): { inside: number; outside: number } {
  const mask = faulty.mask.data;
  const near = (i: number): boolean => {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const [px, py] = [x + dx, y + dy];
        if (px >= 0 && py >= 0 && px < SIZE && py < SIZE && mask[py * SIZE + px] !== 0) return true;
      }
    }
    return false;
  };
  const changed = (i: number): boolean =>
    [0, 1, 2].some((c) => Math.abs(clean.picture.data[i * 3 + c]! - faulty.picture.data[i * 3 + c]!) > 10);
  const pixels = Array.from(mask, (_, i) => i);
  const marked = pixels.filter((i) => mask[i] !== 0);
  return {
    inside: marked.filter(changed).length / marked.length,
    outside: pixels.filter((i) => changed(i) && !near(i)).length,
  };
}

describe.each(kinds)('$name', ({ product, defect }) => {
  test.each([1, 2, 3, 4])('has a mask that holds what the defect changed and little else (seed %i)', (seed) => {
    const clean = drawPicture(product, 'good', 'a', seed, SIZE);
    const faulty = drawPicture(product, defect, 'a', seed, SIZE);
    const marked = faulty.mask.data.filter((value) => value !== 0).length;
    expect(marked).toBeGreaterThan(8);
    expect(marked).toBeLessThan(SIZE * SIZE * 0.25);
    const { inside, outside } = differences(clean, faulty, 2);
    expect(inside).toBeGreaterThan(0.5);
    expect(outside).toBeLessThan(12);
  });
});

test.each(PRODUCTS)('a normal $folder has an empty mask and is no flat colour', (product) => {
  const { picture, mask } = drawPicture(product, 'good', 'a', 1, SIZE);
  expect(mask.data.every((value) => value === 0)).toBe(true);
  const mean = picture.data.reduce((sum, value) => sum + value, 0) / picture.data.length;
  const deviation = Math.sqrt(picture.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / picture.data.length);
  expect(deviation).toBeGreaterThan(20);
});

test('pictures of one product differ in pose and light', () => {
  const [first, second] = ['a', 'b'].map((name) => drawPicture(PRODUCTS[0]!, 'good', name, 1, SIZE).picture.data);
  expect(first).not.toEqual(second);
});
