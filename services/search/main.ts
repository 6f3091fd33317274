import { runProcess } from '#platform/process/run-process.js';
import { searchService } from './search.module.js';

await runProcess(searchService);
