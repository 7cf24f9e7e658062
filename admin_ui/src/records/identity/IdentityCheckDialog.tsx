// Asks a caller some questions and says whether all answers were right: never which, and never what is known.
import { useQuery } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import App from 'antd/es/app'
import Input from 'antd/es/input'
import Skeleton from 'antd/es/skeleton'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { answerIdentityQuestions, identityQuestions, type IdentityQuestions } from '../../api/identityChecks'
import type { IdentityCheck, RecordAnswer } from '../../api/types'
import { AskDialog } from '../../frame/AskDialog'
import { useErrorText } from '../../frame/useErrorText'
import { FieldRow } from '../fields/FieldRow'
import { useReader } from '../fields/useReader'
import { formatDateTime } from '../format'

interface IdentityCheckDialogProps {
  record: RecordAnswer
  check: IdentityCheck
  onPassed: () => void
  onClose: () => void
}

export function IdentityCheckDialog({ record, check, onPassed, onClose }: IdentityCheckDialogProps) {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const reader = useReader()
  const errorText = useErrorText()
  const [answers, setAnswers] = useState<Record<string, string>>({})
  const [hasFailed, setFailed] = useState(false)
  const asked = useQuery({
    queryKey: ['identity', record.id, check.name],
    queryFn: () => identityQuestions(record.object, record.id, check.name),
    gcTime: 0,
    retry: false,
  })
  const given = Object.entries(answers).filter(([, heard]) => heard.trim() !== '')
  const required = asked.data?.required ?? 0
  const time = (moment: string) => formatDateTime(moment, reader.language, reader.timeZone)

  async function act() {
    const outcome = await answerIdentityQuestions(record.object, record.id, check.name, Object.fromEntries(given))
    if (outcome.passed) {
      message.success(t('identity.passed', { time: time(outcome.expires ?? '') }))
      return onPassed()
    }
    setAnswers({})
    setFailed(true)
    await asked.refetch()
  }

  return (
    <AskDialog
      title={check.label}
      okText={t('identity.check')}
      isComplete={required > 0 && given.length >= required}
      onAct={act}
      onClose={onClose}
    >
      <p className="muted">{t('identity.told', { count: required })}</p>
      {asked.error !== null && <Alert type="error" showIcon role="alert" title={errorText(asked.error)} />}
      {asked.isPending && <Skeleton active />}
      {hasFailed && asked.data?.paused_until === null && (
        <Alert type="warning" showIcon role="alert" title={t('identity.failed', { count: asked.data.tries_left })} />
      )}
      {typeof asked.data?.paused_until === 'string' && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={t('identity.paused', { time: time(asked.data.paused_until) })}
        />
      )}
      {asked.data !== undefined && (
        <Questions key={questionsKey(asked.data)} asked={asked.data} answers={answers} onChange={setAnswers} />
      )}
    </AskDialog>
  )
}

const questionsKey = (asked: IdentityQuestions) => asked.questions.map((each) => each.name).join()

interface QuestionsProps {
  asked: IdentityQuestions
  answers: Record<string, string>
  onChange: (answers: Record<string, string>) => void
}

function Questions({ asked, answers, onChange }: QuestionsProps) {
  return asked.questions.map((each, place) => (
    <FieldRow key={each.name} id={`identity-${each.name}`} label={each.question}>
      <Input
        id={`identity-${each.name}`}
        autoFocus={place === 0}
        autoComplete="off"
        maxLength={255}
        value={answers[each.name] ?? ''}
        onChange={(event) => onChange({ ...answers, [each.name]: event.target.value })}
      />
    </FieldRow>
  ))
}
