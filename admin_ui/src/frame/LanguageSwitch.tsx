// Chinese or English, each named in itself.
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import type { Language } from '../api/types'
import { useChangeLanguage } from './Providers'

const LANGUAGES: { value: Language; label: string; html: string }[] = [
  { value: 'zh_CN', label: '中文', html: 'zh-CN' },
  { value: 'en_US', label: 'English', html: 'en' },
]

export function LanguageSwitch() {
  const { t, i18n } = useTranslation()
  const changeLanguage = useChangeLanguage()
  return (
    <div role="group" aria-label={t('frame.language')} className="row-tight">
      {LANGUAGES.map((each) => (
        <Button
          key={each.value}
          type={i18n.language === each.value ? 'default' : 'text'}
          aria-pressed={i18n.language === each.value}
          lang={each.html}
          onClick={() => void changeLanguage(each.value)}
        >
          {each.label}
        </Button>
      ))}
    </div>
  )
}
