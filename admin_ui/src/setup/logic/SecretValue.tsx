// The value of a setting that is a secret: set, replaced or taken away, and shown to nobody.
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Popconfirm from 'antd/es/popconfirm'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'

interface SecretValueProps {
  /** Undefined: of one that is only being named. */
  isSet?: boolean
  /** What was typed and is not saved yet. */
  typed: string
  setTyped: (typed: string) => void
  /** Without it nothing can be changed. */
  onClear?: () => void
}

export function SecretValue({ isSet, typed, setTyped, onClear }: SecretValueProps) {
  const { t } = useTranslation()
  return (
    <div className="logic-name">
      <label htmlFor="secret-value">{t('logic.secretValue')}</label>
      <div className="tags">
        {isSet === true && <Tag color="green">{t('logic.secretSet')}</Tag>}
        {isSet === false && <Tag>{t('logic.secretNotSet')}</Tag>}
        {isSet && onClear && (
          <Popconfirm title={t('logic.secretClearTitle')} onConfirm={onClear}>
            <Button size="small" danger>
              {t('logic.secretClear')}
            </Button>
          </Popconfirm>
        )}
      </div>
      <Input.Password
        id="secret-value"
        autoComplete="new-password"
        value={typed}
        disabled={onClear === undefined}
        placeholder={isSet ? t('logic.secretKept') : undefined}
        aria-describedby="secret-help"
        onChange={(event) => setTyped(event.target.value)}
      />
      <span id="secret-help" className="small">
        {t('logic.secretHelp')}
      </span>
    </div>
  )
}
