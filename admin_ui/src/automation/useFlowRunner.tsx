// Presses a flow's button: at once, or after its dialog; then what it may have changed is loaded again.
import App from 'antd/es/app'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { runFlow, type FlowButton } from '../api/automation'
import type { Values } from '../api/types'
import { useRefreshAfter } from '../approvals/useApprovals'
import { useErrorText } from '../frame/useErrorText'
import { useReady } from '../frame/useReady'

const FlowDialog = lazy(async () => ({ default: (await import('./FlowDialog')).FlowDialog }))

interface FlowRunner {
  press: (button: FlowButton, recordIds: string[]) => void
  running: string | null
  dialog: ReactNode
}

export function useFlowRunner(): FlowRunner {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const ready = useReady()
  const refresh = useRefreshAfter()
  const [asking, setAsking] = useState<{ button: FlowButton; recordIds: string[] } | null>(null)
  const [running, setRunning] = useState<string | null>(null)

  async function run(button: FlowButton, recordIds: string[], values: Values) {
    setRunning(button.name)
    try {
      await runFlow(button.name, recordIds, values)
      ready(t('flow.done', { flow: button.label }))
      await refresh(recordIds)
    } finally {
      setRunning(null)
    }
  }

  function press(button: FlowButton, recordIds: string[]) {
    if (button.inputs.length > 0 || button.message !== null) setAsking({ button, recordIds })
    else run(button, recordIds, {}).catch((error: unknown) => message.error(errorText(error)))
  }

  const dialog = (
    <Suspense fallback={null}>
      {asking !== null && (
        <FlowDialog
          button={asking.button}
          count={asking.recordIds.length}
          onRun={(values) => run(asking.button, asking.recordIds, values)}
          onClose={() => setAsking(null)}
        />
      )}
    </Suspense>
  )
  return { press, running, dialog }
}
