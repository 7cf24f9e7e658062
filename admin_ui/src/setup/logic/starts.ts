// What a new component of a kind begins with: enough to see its form.
export const STARTS: Record<string, string> = {
  validation_rule: 'formula: |\n  ISBLANK(Name)\nmessage: Enter a name.\nfield: Name\n',
  setting: 'label: \ntype: number\ndefault: 10\n',
  setting_value: 'value: \n',
  custom_permission: 'label: \n',
  flow: 'label: \nobject: Lead\ntrigger:\n  record:\n    when: after_save\n    events: [create]\nsteps:\n  - update:\n      Description: \'"Welcome"\'\n',
  approval: 'label: \nobject: Lead\nentry: "TRUE"\nsteps:\n  - name: Manager\n    label: Manager\n    approvers: [{manager: 1}]\n',
}
