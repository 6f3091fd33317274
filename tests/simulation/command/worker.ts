import { parentPort } from 'node:worker_threads';
import { runCampaign, type Campaign } from '#simulator/campaign.js';

/** Runs the parts of a campaign that it is sent, and answers each with its result. */
parentPort?.on('message', (part: Campaign) => parentPort?.postMessage(runCampaign(part)));
