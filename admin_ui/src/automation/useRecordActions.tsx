// What one may do with a record beside editing it: submit it for approval, press the buttons of its flows.
import { AuditOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecordApprovals } from '../api/approvals'
import type { ObjectDescribe, RecordAnswer } from '../api/types'
import { tidyName } from '../records/names'
import { useFlowButtons } from './useFlowButtons'
import { useFlowRunner } from './useFlowRunner'

const SubmitDialog = lazy(async () => ({ default: (await import('../approvals/RecordDialogs')).SubmitDialog }))

export interface RecordAction {
  key: string
  label: string
  icon: ReactNode
  isBusy: boolean
  onClick: () => void
}

interface RecordActions {
  actions: RecordAction[]
  dialogs: ReactNode
}

export function useRecordActions(
  record: RecordAnswer,
  describe: ObjectDescribe,
  approvals: RecordApprovals | undefined,
): RecordActions {
  const { t } = useTranslation()
  const buttons = useFlowButtons(record.object, 'record', !record.is_deleted)
  const runner = useFlowRunner()
  const [isSubmitting, setSubmitting] = useState(false)
  const processes = record.is_deleted ? [] : (approvals?.processes ?? [])

  const actions: RecordAction[] = [
    ...(processes.length > 0
      ? [
          {
            key: 'submit',
            label: t('approval.submit'),
            icon: <AuditOutlined aria-hidden />,
            isBusy: false,
            onClick: () => setSubmitting(true),
          },
        ]
      : []),
    ...buttons.map((button) => ({
      key: `flow-${button.name}`,
      label: button.label,
      icon: <ThunderboltOutlined aria-hidden />,
      isBusy: runner.running === button.name,
      onClick: () => runner.press(button, [record.id]),
    })),
  ]

  const dialogs = (
    <>
      {runner.dialog}
      <Suspense fallback={null}>
        {isSubmitting && (
          <SubmitDialog
            recordId={record.id}
            name={tidyName(String(record.values[describe.name_field] ?? record.id))}
            processes={processes}
            onClose={() => setSubmitting(false)}
          />
        )}
      </Suspense>
    </>
  )
  return { actions, dialogs }
}
