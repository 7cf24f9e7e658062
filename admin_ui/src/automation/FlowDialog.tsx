// What a flow's button says or asks before it runs.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FlowButton } from '../api/automation'
import type { Values } from '../api/types'
import { AskDialog } from '../frame/AskDialog'
import { FieldInput } from '../records/fields/FieldInput'
import { FieldRow } from '../records/fields/FieldRow'
import { inputField } from './flowInputs'

interface FlowDialogProps {
  button: FlowButton
  count: number
  onRun: (values: Values) => Promise<void>
  onClose: () => void
}

export function FlowDialog({ button, count, onRun, onClose }: FlowDialogProps) {
  const { t } = useTranslation()
  const [values, setValues] = useState<Values>({})

  async function run() {
    await onRun(values)
    onClose()
  }

  return (
    <AskDialog title={button.label} okText={t('flow.run')} onAct={run} onClose={onClose}>
      {button.message !== null && <p>{button.message}</p>}
      {count > 1 && <p className="muted">{t('flow.forMany', { count })}</p>}
      {button.inputs.map((input) => {
        const field = inputField(input)
        const id = `flow-${input.name}`
        return (
          <FieldRow key={input.name} id={id} label={field.label}>
            <FieldInput
              field={field}
              id={id}
              value={values[input.name] ?? null}
              values={values}
              recordType={null}
              onChange={(value) => setValues((current) => ({ ...current, [input.name]: value }))}
            />
          </FieldRow>
        )
      })}
    </AskDialog>
  )
}
