import { readFile } from 'node:fs/promises';
import { createS3ObjectStore } from '../adapters/object-store/s3.js';

/** A process that only reads objects: those that the file names, all asked for at once, as many connections as the pipeline's. */
const [file = ''] = process.argv.slice(2);
const keys = JSON.parse(await readFile(file, 'utf8')) as string[];
const { JUDO_S3_BUCKET: bucket = '', JUDO_S3_ENDPOINT: endpoint } = process.env;
const objects = createS3ObjectStore({ bucket, endpoint });
const found = await Promise.all(keys.map((key) => objects.get(key)));
if (found.includes(null)) throw new Error('a record is missing');
process.exit(0);
