// A label, its control, the help, and what is wrong with it right beside it.
import { InfoCircleOutlined } from '@ant-design/icons'
import Tooltip from 'antd/es/tooltip'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface FieldRowProps {
  id: string
  label: string
  required?: boolean
  help?: string | null
  /** A few words beside the label, such as when the field must be filled. */
  hint?: string
  errors?: string[]
  children: ReactNode
}

export const errorId = (id: string) => `${id}-error`

export function FieldRow({ id, label, required = false, help, hint, errors = [], children }: FieldRowProps) {
  const { t } = useTranslation()
  return (
    <div className={`field${errors.length > 0 ? ' field-wrong' : ''}`}>
      <div className="field-label">
        <label htmlFor={id}>{label}</label>
        {/* Outside of the label, so that the control's name is the field's label and nothing else. */}
        {required && (
          <span className="required" title={t('form.required')} aria-hidden>
            *
          </span>
        )}
        {help && (
          <Tooltip title={help}>
            <InfoCircleOutlined className="field-help" tabIndex={0} aria-label={help} />
          </Tooltip>
        )}
        {hint !== undefined && <span className="field-hint">{hint}</span>}
      </div>
      {children}
      {errors.length > 0 && (
        <div id={errorId(id)} className="field-error" role="alert">
          {errors.join(' ')}
        </div>
      )}
    </div>
  )
}
