export function serve(options?: {
  host?: string;
  port?: number;
  isolated?: boolean;
}): Promise<{ url: string; close(): Promise<void> }>;
