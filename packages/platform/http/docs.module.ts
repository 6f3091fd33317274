import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Module, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Problem } from '../errors/problem.js';

/** Written by the build (services/monolith/write-openapi.ts). */
const document = new URL('../../../openapi.json', import.meta.url);

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Tristate API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
  </head>
  <body>
    <div id="ui"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#ui', persistAuthorization: true });\n`;

@Controller('api')
class DocsController {
  @Get('openapi.json')
  async describe(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('Content-Type', 'application/json; charset=utf-8').send(readFileSync(document));
  }

  @Get('docs')
  async show(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('Content-Type', 'text/html; charset=utf-8').send(page);
  }

  @Get('docs/:file')
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    if (file === 'start.js') {
      await reply.header('Content-Type', 'text/javascript; charset=utf-8').send(start);
      return;
    }
    const type = Object.hasOwn(assets, file) ? assets[file] : undefined;
    if (type === undefined) throw new Problem('not-found');
    await reply.header('Content-Type', type).send(createReadStream(join(swaggerUi, file)));
  }
}

/** The API's description, as a page for people and as a file for programs. */
@Module({ controllers: [DocsController] })
export class DocsModule {}
