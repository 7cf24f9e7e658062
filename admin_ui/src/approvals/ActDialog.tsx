// A question with a comment, which some answers must have.
import Input from 'antd/es/input'
import { useId, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { AskDialog } from '../frame/AskDialog'
import { errorId, FieldRow } from '../records/fields/FieldRow'
import { attachmentsIn } from './attachments'

interface ActDialogProps {
  title: string
  text?: ReactNode
  okText: string
  isDanger?: boolean
  needsComment: boolean
  /** Whether what else the dialog asks for is there. */
  isComplete?: boolean
  /** Whether addresses and records may go along. */
  attaches?: boolean
  children?: ReactNode
  onAct: (comments: string | null, attachments: readonly string[]) => Promise<void>
  onClose: () => void
}

const LONGEST = 4000

export function ActDialog({ text, needsComment, attaches = false, children, onAct, ...dialog }: ActDialogProps) {
  const { t } = useTranslation()
  const id = useId()
  const [comments, setComments] = useState('')
  const [attached, setAttached] = useState('')
  const [isMissing, setMissing] = useState(false)

  async function act() {
    const written = comments.trim() === '' ? null : comments.trim()
    if (needsComment && written === null) {
      setMissing(true)
      document.getElementById(id)?.focus()
      return
    }
    await onAct(written, attachmentsIn(attached))
  }

  return (
    <AskDialog {...dialog} onAct={act}>
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
          className="grows"
          rows={3}
          autoFocus
          aria-required={needsComment}
          aria-invalid={isMissing}
          aria-describedby={isMissing ? errorId(id) : undefined}
          onChange={(event) => {
            setComments(event.target.value)
            setMissing(false)
          }}
        />
      </FieldRow>
      {attaches && (
        <FieldRow id={`${id}-attached`} label={t('approval.attachments')} help={t('approval.attachmentsHelp')}>
          <Input.TextArea
            id={`${id}-attached`}
            value={attached}
            maxLength={LONGEST}
            className="grows"
            rows={1}
            onChange={(event) => setAttached(event.target.value)}
          />
        </FieldRow>
      )}
    </AskDialog>
  )
}
