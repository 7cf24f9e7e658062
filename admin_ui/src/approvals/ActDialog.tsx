// A question with a comment: what is missing or refused is said in the dialog, and nothing that was typed is lost.
import Alert from 'antd/es/alert'
import Input from 'antd/es/input'
import Modal from 'antd/es/modal'
import { useId, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useErrorText } from '../frame/useErrorText'
import { errorId, FieldRow } from '../records/fields/FieldRow'

interface ActDialogProps {
  title: string
  text?: ReactNode
  okText: string
  isDanger?: boolean
  needsComment: boolean
  /** Whether what else the dialog asks for is there. */
  isComplete?: boolean
  children?: ReactNode
  onAct: (comments: string | null) => Promise<void>
  onClose: () => void
}

const LONGEST = 4000

export function ActDialog(props: ActDialogProps) {
  const { title, text, okText, isDanger = false, needsComment, isComplete = true, children, onAct, onClose } = props
  const { t } = useTranslation()
  const errorText = useErrorText()
  const id = useId()
  const [comments, setComments] = useState('')
  const [isMissing, setMissing] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function act() {
    const written = comments.trim() === '' ? null : comments.trim()
    if (needsComment && written === null) {
      setMissing(true)
      document.getElementById(id)?.focus()
      return
    }
    setBusy(true)
    setRefusal(null)
    try {
      await onAct(written)
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
      okText={okText}
      okButtonProps={{ danger: isDanger, loading: isBusy, disabled: !isComplete }}
      cancelText={t('action.cancel')}
      onOk={() => void act()}
      onCancel={onClose}
    >
      <div className="draft-form">
        {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
        {text}
        {children}
        <FieldRow
          id={id}
          label={t('approval.comments')}
          required={needsComment}
          errors={isMissing ? [t('approval.commentMissing')] : []}
        >
          <Input.TextArea
            id={id}
            value={comments}
            maxLength={LONGEST}
            autoSize={{ minRows: 3, maxRows: 10 }}
            autoFocus
            aria-required={needsComment}
            aria-invalid={isMissing}
            aria-describedby={isMissing ? errorId(id) : undefined}
            onChange={(event) => {
              setComments(event.target.value)
              setMissing(false)
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void act()
            }}
          />
        </FieldRow>
      </div>
    </Modal>
  )
}
