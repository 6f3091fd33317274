export interface ProgressEvent {
  kind: 'line';
  text: string;
}

export interface Progress {
  step<T>(title: string, work: (report: (text: string) => void) => Promise<T> | T): Promise<T>;
  line(text: string): void;
  elapsed(): string;
}

export function newProgress(options?: {
  stream?: NodeJS.WriteStream;
  onEvent?: (event: ProgressEvent) => void;
}): Progress;

export function seconds(ms: number): string;
