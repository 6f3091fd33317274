export function listFiles(folder: string, ending: string): string[];
