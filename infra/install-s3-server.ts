import { buildVersitygw } from './s3-server.js';

/** Set-up's step: finds the S3 server, or builds it into the user's cache. Its output goes to set-up's log. */
const binary = await buildVersitygw((line) => process.stdout.write(`${line}\n`));
process.stdout.write(`${binary}\n`);
