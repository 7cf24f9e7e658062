// What a flow's button says or asks before it runs; what is refused is said here.
import Alert from 'antd/es/alert'
import Modal from 'antd/es/modal'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FlowButton } from '../api/automation'
import type { Values } from '../api/types'
import { useErrorText } from '../frame/useErrorText'
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
  const errorText = useErrorText()
  const [values, setValues] = useState<Values>({})
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function run() {
    setBusy(true)
    setRefusal(null)
    try {
      await onRun(values)
      onClose()
    } catch (error) {
      setRefusal(errorText(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Modal
      open
      title={button.label}
      okText={t('flow.run')}
      okButtonProps={{ loading: isBusy }}
      cancelText={t('action.cancel')}
      onOk={() => void run()}
      onCancel={onClose}
    >
      <div className="draft-form">
        {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
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
      </div>
    </Modal>
  )
}
