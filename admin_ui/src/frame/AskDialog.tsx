// A dialog that does something: busy while it does, and what is refused is said in it, with all that was typed.
import Alert from 'antd/es/alert'
import Modal from 'antd/es/modal'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useErrorText } from './useErrorText'

interface AskDialogProps {
  title: string
  okText: string
  isDanger?: boolean
  /** Whether what the dialog asks for is there. */
  isComplete?: boolean
  width?: number
  children?: ReactNode
  /** Throws what was refused. */
  onAct: () => Promise<void>
  onClose: () => void
}

export function AskDialog(props: AskDialogProps) {
  const { title, okText, isDanger = false, isComplete = true, width, children, onAct, onClose } = props
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function act() {
    setBusy(true)
    setRefusal(null)
    try {
      await onAct()
    } catch (error) {
      setRefusal(errorText(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Modal
      open
      title={title}
      width={width}
      okText={okText}
      okButtonProps={{ danger: isDanger, loading: isBusy, disabled: !isComplete }}
      cancelText={t('action.cancel')}
      onOk={() => void act()}
      onCancel={onClose}
    >
      <div
        className="draft-form"
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && isComplete && !isBusy) void act()
        }}
      >
        {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
        {children}
      </div>
    </Modal>
  )
}
