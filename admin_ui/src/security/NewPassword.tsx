// A new password, typed once and shown on demand: what was refused is said below it, all reasons at once.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { useErrorText } from '../frame/useErrorText'

interface NewPasswordProps {
  /** For the browser's own keeper of passwords. */
  username?: string
  /** The password of now, where it has to be typed; null where it is known or a link stands for it. */
  asksOld: boolean
  onSubmit: (old: string, replacement: string) => Promise<void>
}

export function NewPassword({ username, asksOld, onSubmit }: NewPasswordProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [old, setOld] = useState('')
  const [replacement, setReplacement] = useState('')
  const [errors, setErrors] = useState<string[]>([])
  const [isBusy, setBusy] = useState(false)

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setErrors([])
    try {
      await onSubmit(old, replacement)
      setOld('')
      setReplacement('')
    } catch (failure) {
      const problems = failure instanceof ApiError ? failure.problems : []
      const isWrong = problems[0]?.errorCode === 'INVALID_LOGIN'
      const said = problems.length > 1 ? problems.map((each) => each.message) : [errorText(failure)]
      setErrors(isWrong ? [t('security.oldWrong')] : said)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      {errors.length > 0 && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={errors.length === 1 ? errors[0] : t('security.willNotDo')}
          description={errors.length > 1 && errors.map((each) => <div key={each}>{each}</div>)}
        />
      )}
      <input type="text" hidden readOnly autoComplete="username" value={username ?? ''} />
      {asksOld && (
        <div className="field">
          <label htmlFor="old-password">{t('security.oldPassword')}</label>
          <Input.Password
            id="old-password"
            size="large"
            autoComplete="current-password"
            value={old}
            onChange={(event) => setOld(event.target.value)}
          />
        </div>
      )}
      <div className="field">
        <label htmlFor="new-password">{t('security.newPassword')}</label>
        <Input.Password
          id="new-password"
          size="large"
          autoComplete="new-password"
          value={replacement}
          onChange={(event) => setReplacement(event.target.value)}
        />
        <span className="field-help">{t('security.passwordHint')}</span>
      </div>
      <Button
        type="primary"
        size="large"
        htmlType="submit"
        block
        loading={isBusy}
        disabled={replacement === '' || (asksOld && old === '')}
      >
        {t('security.setPassword')}
      </Button>
    </form>
  )
}
