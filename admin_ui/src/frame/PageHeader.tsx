// The head of a screen: what it is, what one can do here.
import { useEffect, type ReactNode } from 'react'
import { useSession } from './session'

interface PageHeaderProps {
  title: ReactNode
  /** For the browser's tab, where the title is no plain text. */
  documentTitle?: string
  eyebrow?: ReactNode
  icon?: ReactNode
  actions?: ReactNode
  children?: ReactNode
}

export function PageHeader({ title, documentTitle, eyebrow, icon, actions, children }: PageHeaderProps) {
  const { tenant } = useSession()
  const text = documentTitle ?? (typeof title === 'string' ? title : '')
  useEffect(() => {
    document.title = text === '' ? tenant.label : `${text} · ${tenant.label}`
  }, [text, tenant.label])
  return (
    <div className="page-header">
      <div className="page-header-row">
        {icon && <span className="page-icon">{icon}</span>}
        <div className="page-title">
          {eyebrow && <div className="eyebrow">{eyebrow}</div>}
          <h1>{title}</h1>
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  )
}
