// The application's own texts, one language loaded at a time. What comes from metadata arrives translated.
import dayjs from 'dayjs'
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Locale } from 'antd/es/locale'
import type { Language } from '../api/types'
import type { Texts } from '../locales/en_US'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Texts }
  }
}

interface LanguagePack {
  texts: Texts
  antd: Locale
}

async function loadPack(language: Language): Promise<LanguagePack> {
  if (language === 'zh_CN') {
    const [texts, antd] = await Promise.all([
      import('../locales/zh_CN'),
      import('antd/es/locale/zh_CN'),
      import('dayjs/locale/zh-cn'),
    ])
    return { texts: texts.default, antd: antd.default }
  }
  const [texts, antd] = await Promise.all([import('../locales/en_US'), import('antd/es/locale/en_US')])
  return { texts: texts.default, antd: antd.default }
}

const packs = new Map<Language, LanguagePack>()

void i18next.use(initReactI18next).init({
  lng: 'none',
  fallbackLng: false,
  resources: {},
  interpolation: { escapeValue: false },
  returnNull: false,
})

/** Answers the component library's own texts; ours are in i18next from then on. */
export async function switchLanguage(language: Language): Promise<Locale> {
  let pack = packs.get(language)
  if (pack === undefined) {
    pack = await loadPack(language)
    packs.set(language, pack)
    i18next.addResourceBundle(language, 'translation', pack.texts)
  }
  dayjs.locale(language === 'zh_CN' ? 'zh-cn' : 'en')
  document.documentElement.lang = language === 'zh_CN' ? 'zh-CN' : 'en'
  await i18next.changeLanguage(language)
  return pack.antd
}
