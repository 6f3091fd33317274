import { Body, Controller, Get, Inject, Put, UseGuards } from '@nestjs/common';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { settingsSchema, type SettingsChange } from '#platform/settings/settings.js';
import { ControlPlane } from '../control-plane.js';

interface SettingsView {
  readonly settings: SettingsChange;
  readonly unreached: readonly string[];
}

/** Switches of the running shop, in every process at once. */
@Controller('control/settings')
@UseGuards(AdminGuard)
export class SettingsController {
  constructor(@Inject(ControlPlane) private readonly control: ControlPlane) {}

  @Get()
  show(): Promise<SettingsView> {
    return this.view();
  }

  /** Answers when every process that can be reached has put it in force. */
  @Put()
  replace(@Body({ schema: settingsSchema }) body: SettingsChange): Promise<SettingsView> {
    // Of several copies of the whole shop only the one that was asked would know.
    if (!this.control.hasTargets) throw new Problem('no-control-streams');
    this.control.settings.replace(body);
    return this.view();
  }

  private async view(): Promise<SettingsView> {
    const unreached = await this.control.channels.applied();
    return { settings: this.control.settings.current, unreached };
  }
}
